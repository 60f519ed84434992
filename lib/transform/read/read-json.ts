import { join } from 'node:path';
import { cleanName } from '../../cleaned-name.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { checkedLine, exactLine, plainCell, reasonOf } from './json-line.ts';
import type { LocalPart } from './local-part.ts';
import { countRows, rowHash } from './raw-file.ts';
import { placeOf, type RawPartRows, type RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { type LineScan, scanLines } from './scan-lines.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/**
 * Reads NDJSON parts: one object a row; columns are the union of the keys in first-seen order, those of one
 * name but for case, blanks and signs as one. What is no valid object is rejected. Cells are kept as the JSON text that stands in the source, numbers with every digit.
 *
 * @throws {RowsUnaccountedError} when DuckDB finds another number of lines than the walk over the bytes did
 */
export async function readJson(parts: readonly LocalPart[], context: ReadContext): Promise<RawRows> {
  const { scratchDir, session, signal, unreadable } = context;
  const scans: LineScan[] = [];
  const rawParts: RawPartRows[] = [];
  let lines = 0;
  for (const [index, part] of parts.entries()) {
    unreadable.from(part.source);
    const scan = await scanLines({
      path: part.path,
      copyPath: join(scratchDir, `good-${index}.ndjson`),
      unreadable,
      signal,
    });
    scans.push(scan);
    rawParts.push({ source: part.source, base: lines, lines: scan.lines });
    lines += scan.records;
  }
  if (lines === 0) {
    return { kind: 'json', relation: '(SELECT NULL::BIGINT AS o LIMIT 0)', columns: [], rows: 0, parts: rawParts };
  }
  const linesPath = join(scratchDir, 'lines.parquet');
  const selects = scans.flatMap((scan) => (scan.records === 0 ? [] : [selectLines(scan)]));
  await session.run(
    `COPY (SELECT line, ${checkedLine('line')} AS bad FROM (${selects.join(' UNION ALL ')})) TO ${quoteText(linesPath)} ${scratchParquet}`,
  );
  const all = parquetRows(linesPath, { rowNumbers: true });
  await countRows(session, all, lines, 'Reading the JSON');
  const bad = await rejectBadLines(session, all, rawParts, unreadable);

  const keys = await session.rows(
    `SELECT key FROM (SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place, o
       FROM (SELECT json_keys(line) AS keys, min(file_row_number) AS o FROM ${all} WHERE bad = 0 GROUP BY keys))
     GROUP BY key ORDER BY min({o: o, place: place})`,
  );
  const names = keys.map((row) => String(row.key));
  const places = new Map(names.map((name, place) => [name, place]));
  const groups = await sameNames(session, all, names);
  const columns = groups.map(([sourceName = '']) => ({ sourceName, duckType: 'VARCHAR' }));
  const pointers = names.map((name) => quoteText(pointerTo(name))).join(', ');
  const cells = groups.map((group, i) => {
    const found = group.map((name) => plainCell(`cells[${(places.get(name) ?? 0) + 1}]::VARCHAR`));
    return `${found.length === 1 ? found[0] : `coalesce(${found.join(', ')})`} AS c${i}`;
  });
  const rawPath = join(scratchDir, 'raw.parquet');
  await session.run(
    `COPY (SELECT *, ${rowHash(columns.length)} AS h FROM (SELECT ${['o', ...cells].join(', ')} FROM
       (SELECT ${bad.length === 0 ? 'file_row_number + 1' : 'row_number() OVER ()'} AS o, ${columns.length === 0 ? 'NULL' : `json_extract(${exactLine('line')}, [${pointers}])`} AS cells FROM ${all} WHERE bad = 0)))
     TO ${quoteText(rawPath)} ${scratchParquet}`,
  );
  const relation = parquetRows(rawPath);
  const rows = lines - bad.length;
  await countRows(session, relation, rows, 'Reading the objects');
  return { kind: 'json', relation, columns, rows, parts: withoutLines(rawParts, bad) };
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

/**
 * Names that make the same column, because they differ in case, blanks and signs alone, are of one column, as in headers of
 * CSV; not where an object has two of them.
 *
 * @returns the names of each column, in first-seen order
 */
async function sameNames(
  session: DuckDbSession,
  all: string,
  names: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const folded = cleanName(name, 0);
    const key = folded === 'column_0' ? `\0${name}` : folded;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [name]);
    else group.push(name);
  }
  const firsts = new Map<string, readonly string[]>();
  for (const group of groups.values()) {
    const together = group.length > 1 && (await areTogether(session, all, group));
    for (const one of together ? group.map((name) => [name]) : [group]) firsts.set(one[0] ?? '', one);
  }
  return names.flatMap((name) => {
    const group = firsts.get(name);
    return group === undefined ? [] : [group];
  });
}

/** Whether an object has two of the names. */
async function areTogether(session: DuckDbSession, all: string, names: readonly string[]): Promise<boolean> {
  const list = names.map(quoteText).join(', ');
  const [row] = await session.rows(
    `SELECT count(*) AS n FROM ${all} WHERE bad = 0 AND len(list_intersect(json_keys(line), [${list}])) > 1`,
  );
  return Number(row?.n) > 0;
}

/** Line by line as one text column: no line holds the delimiter, for `scanLines` refuses it. */
function selectLines(scan: LineScan): string {
  const maxLine = Math.max(2 << 20, scan.longest + 16);
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
    `buffer_size = ${maxLine * 2}`,
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
  const result = await session.connection.stream(
    `SELECT file_row_number + 1 AS o, bad, line FROM ${all} WHERE bad <> 0 ORDER BY o`,
  );
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
