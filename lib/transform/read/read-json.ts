import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { checkedLine, exactLine, plainCell, reasonOf } from './json-line.ts';
import type { LocalPart } from './local-part.ts';
import type { FieldPlaces, OpenedParts } from './opened-parts.ts';
import { writePartGroups } from './part-groups.ts';
import { countRows, rowHash, writeRawRows } from './raw-file.ts';
import { placeOf, type RawPartRows, type RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { type LineScan, scanLines } from './scan-lines.ts';
import { groupNames } from './unite-fields.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/**
 * Finds the objects of NDJSON parts, one a row, and their keys. What is no valid object is rejected. Cells are kept as the
 * JSON text that stands in the source, numbers with every digit.
 *
 * @throws {RowsUnaccountedError} when DuckDB finds another number of lines than the walk over the bytes did
 */
export async function openJson(parts: readonly LocalPart[], context: ReadContext): Promise<OpenedParts> {
  const { scratchDir, session, signal, unreadable } = context;
  const scans: LineScan[] = [];
  const rawParts: RawPartRows[] = [];
  let lines = 0;
  for (const [index, part] of parts.entries()) {
    unreadable.from(part.source);
    const copyPath = join(scratchDir, `good-${index}.ndjson`);
    const scan = await scanLines({ path: part.path, copyPath, unreadable, signal, slice: part.slice });
    scans.push(scan);
    rawParts.push({ source: part.source, base: lines, lines: scan.lines });
    lines += scan.records;
  }
  const walked = scans.map(({ linesRead }) => ({ bytes: 0, lines: linesRead }));
  const opened = { kind: 'json', walked, holds: async () => true } as const;
  if (lines === 0) {
    const write = async ({ columns }: FieldPlaces): Promise<RawRows> => {
      const relation = await writeRawRows(session, '', [], columns);
      return { kind: 'json', relation, columns, rows: 0, parts: rawParts };
    };
    return { ...opened, rows: 0, parts: rawParts, fields: [], write };
  }
  const rowBytes = parts.reduce((sum, part) => sum + part.bytes, 0) / lines;
  const selects = scans.map((scan) => ({ sql: selectLines(scan), rows: scan.records, bytes: scan.records * rowBytes }));
  const all = await writePartGroups(session, selects, {
    path: (file) => join(scratchDir, `lines-${file}.parquet`),
    written: `line, ${checkedLine('line')} AS bad`,
    read: 'line, bad',
    copies: lineCopies,
  });
  await countRows(session, all, lines, 'Reading the JSON');
  const bad = await rejectBadLines(session, all, rawParts, unreadable);
  const keys = await session.rows(
    `SELECT key FROM (SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place, o
       FROM (SELECT json_keys(line) AS keys, min(o) AS o FROM ${all} WHERE bad = 0 GROUP BY keys))
     GROUP BY key ORDER BY min({o: o, place: place})`,
  );
  const names = keys.map((row) => String(row.key));
  const rows = lines - bad.length;
  const good = { names, rows, rowBytes, isDense: bad.length === 0, parts: withoutLines(rawParts, bad) };
  return {
    ...opened,
    rows,
    parts: good.parts,
    fields: [{ names, together: await namesTogether(session, all, names) }],
    write: async (to) => await writeCells(context, all, good, to),
  };
}

/** A line, the document that it is parsed to, the list of its cells, and these as columns. */
const lineCopies = 4;

/** Writes the cells of the good lines. */
async function writeCells(
  { scratchDir, session }: ReadContext,
  all: string,
  good: {
    readonly names: readonly string[];
    readonly rows: number;
    /** Of a line, about. */
    readonly rowBytes: number;
    /** Every line is good. */
    readonly isDense: boolean;
    readonly parts: readonly RawPartRows[];
  },
  { columns, places }: FieldPlaces,
): Promise<RawRows> {
  const pointers = good.names.map((name) => quoteText(pointerTo(name))).join(', ');
  const cells = columns.map((_, i) => {
    const found = (places[0] ?? []).flatMap((place, at) =>
      place === i ? [plainCell(`cells[${at + 1}]::VARCHAR`)] : [],
    );
    const [only = 'NULL::VARCHAR'] = found;
    return `${found.length > 1 ? `coalesce(${found.join(', ')})` : only} AS c${i}`;
  });
  const rawPath = join(scratchDir, 'raw.parquet');
  await session.run(
    `COPY (SELECT *, ${rowHash(columns.length)} AS h FROM (SELECT ${['o', ...cells].join(', ')} FROM
       (SELECT ${good.isDense ? 'o' : 'row_number() OVER () AS o'}, ${good.names.length === 0 ? 'NULL' : `json_extract(${exactLine('line')}, [${pointers}])`} AS cells FROM ${all} WHERE bad = 0)))
     TO ${quoteText(rawPath)} ${scratchParquet(good.rowBytes)}`,
  );
  const relation = parquetRows(rawPath);
  await countRows(session, relation, good.rows, 'Reading the objects');
  return { kind: 'json', relation, columns, rows: good.rows, parts: good.parts };
}

/** The parts when some of their lines, by ordinals in their order, are no rows. */
function withoutLines(parts: readonly RawPartRows[], bad: readonly number[]): readonly RawPartRows[] {
  let before = 0;
  return parts.map(({ base, lines, source }, index) => {
    const end = parts[index + 1]?.base ?? Number.POSITIVE_INFINITY;
    const first = before;
    while (before < bad.length && (bad[before] ?? 0) <= end) before += 1;
    return { source, base: base - first, lines: lines.without(bad.slice(first, before).map((o) => o - base)) };
  });
}

/** Names of one column, as they are folded, of which an object has two. */
async function namesTogether(
  session: DuckDbSession,
  all: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const together: string[] = [];
  for (const [folded, group] of groupNames(names)) {
    if (group.length > 1 && (await areTogether(session, all, group))) together.push(folded);
  }
  return together;
}

/** Whether an object has two of the names. */
async function areTogether(session: DuckDbSession, all: string, names: readonly string[]): Promise<boolean> {
  const list = names.map(quoteText).join(', ');
  const [row] = await session.rows(
    `SELECT count(*) AS n FROM ${all} WHERE bad = 0 AND len(list_intersect(json_keys(line), [${list}])) > 1`,
  );
  return Number(row?.n) > 0;
}

/** The longest line that is reckoned with where all are shorter, and the bytes that are read at once; of each, some are in memory. */
const leastLine = 64 * 1024;
const leastBuffer = 1024 * 1024;

/** Line by line as one text column: no line holds the delimiter, for `scanLines` refuses it. */
function selectLines(scan: LineScan): string {
  const maxLine = Math.max(leastLine, scan.longest + 16);
  const options = [
    "columns = {line: 'VARCHAR'}",
    'auto_detect = false',
    'hive_partitioning = false',
    'header = false',
    "delim = '\x01'",
    "quote = ''",
    "escape = ''",
    "nullstr = '\x02'",
    "new_line = '\\n'",
    'strict_mode = true',
    `max_line_size = ${maxLine}`,
    `buffer_size = ${Math.max(leastBuffer, maxLine * 2)}`,
  ];
  return `SELECT line FROM read_csv(${quoteText(scan.path)}, ${options.join(', ')})`;
}

/** Keeps the lines that are no objects aside. @returns their ordinals, in their order */
async function rejectBadLines(
  session: DuckDbSession,
  all: string,
  parts: readonly RawPartRows[],
  unreadable: UnreadableRows,
): Promise<readonly number[]> {
  const result = await session.connection.stream(`SELECT o, bad, line FROM ${all} WHERE bad <> 0 ORDER BY o`);
  const rejected: number[] = [];
  for await (const chunk of result.yieldRowsJs()) {
    for (const [o, bad, line] of chunk) {
      const place = placeOf(parts, Number(o));
      unreadable.from(place.source);
      await unreadable.add({ line: place.line, reason: reasonOf(Number(bad)), raw: Buffer.from(String(line)) });
      rejected.push(Number(o));
    }
  }
  return rejected;
}

/** The pointer (RFC 6901) to a member of an object. */
export function pointerTo(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
