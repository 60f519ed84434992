import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { CsvDialect } from '../../manifest.ts';
import { readDialect } from './good-records.ts';
import type { LocalPart } from './local-part.ts';
import { countRows, rowHash, writeRawRows } from './raw-file.ts';
import type { RawPartRows, RawRows, ReadOptions } from './raw-rows.ts';
import { type CsvScan, type ScanArgs, scanCsv } from './scan-csv.ts';
import { skimCsv } from './skim-csv.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/** The dialect of a part that names none. */
const defaultDialect: CsvDialect = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  header: true,
  skip_lines: 0,
  null_strings: [],
  decimal_separator: '.',
};

/** Smaller files are walked over so fast that there is nothing to gain. */
const earlyBytes = 8 << 20;

/** What DuckDB is told of a file besides its dialect. */
type Readable = Pick<CsvScan, 'header' | 'innerLines' | 'longest' | 'path'>;

/**
 * Reads CSV parts: columns are the union of the headers in first-seen order; a part without a column has no values in
 * it. A header that has a name twice keeps both columns. Every good record becomes exactly one row, or this throws.
 *
 * @param onWhole  what to do with a large file while it is still being walked over, before anyone knows whether all of
 *   its records are good. Where it succeeds and they are, the rows are not written anew: the relation is the file
 *   itself, which is slow to read, and `rows` is for the caller to compare
 * @throws {RowsUnaccountedError} when DuckDB finds another number of records than the walk over the bytes did
 */
export async function readCsv(
  session: DuckDbSession,
  parts: readonly LocalPart[],
  scratchDir: string,
  unreadable: UnreadableRows,
  { onWhole, signal }: ReadOptions = {},
): Promise<RawRows> {
  const direct =
    onWhole === undefined ? undefined : await readDirectly({ parts, scratchDir, unreadable, onWhole, signal });
  if (direct?.raw !== undefined) return direct.raw;
  const scans: { readonly scan: CsvScan; readonly dialect: CsvDialect; readonly columns: readonly number[] }[] = [];
  const sourceNames: string[] = [];
  const rawParts: RawPartRows[] = [];
  let rows = 0;
  for (const [index, part] of parts.entries()) {
    unreadable.from(part.source);
    const scan = direct?.scan ?? (await scanCsv(scanOf(part, index, { scratchDir, unreadable, signal })));
    scans.push({ scan, dialect: dialectOf(part), columns: placeColumns(scan.names ?? [], sourceNames) });
    rawParts.push({ source: part.source, base: rows, lines: scan.lines });
    rows += scan.records;
  }
  const columns = sourceNames.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' }));
  const selects = scans.flatMap(({ scan, dialect, columns: places }) =>
    scan.records === 0 ? [] : [selectPart(scan, dialect, places, sourceNames.length)],
  );
  const relation = await writeRawRows(session, join(scratchDir, 'raw.parquet'), selects, columns);
  await countRows(session, relation, rows, 'Reading the CSV');
  return { kind: 'text', relation, columns, rows, parts: rawParts };
}

type Reading = Pick<ReadOptions, 'signal'> & { readonly scratchDir: string; readonly unreadable: UnreadableRows };

function scanOf(part: LocalPart, index: number, { scratchDir, signal, unreadable }: Reading): ScanArgs {
  const copyPath = join(scratchDir, `good-${index}.csv`);
  return { path: part.path, copyPath, source: part.source, dialect: dialectOf(part), unreadable, signal };
}

function dialectOf(part: LocalPart): CsvDialect {
  return part.csv ?? defaultDialect;
}

/**
 * Lets a single large file be taken as it stands, while it is being walked over.
 *
 * @returns the rows, when that has gone well; else what the walk has found, if it was a thorough one
 */
async function readDirectly({
  onWhole,
  parts,
  ...reading
}: Reading & Required<Pick<ReadOptions, 'onWhole'>> & { readonly parts: readonly LocalPart[] }): Promise<
  { readonly raw: RawRows; readonly scan?: never } | { readonly raw?: never; readonly scan: CsvScan } | undefined
> {
  const [part] = parts;
  if (part === undefined || parts.length > 1 || part.bytes < earlyBytes || part.source_column !== undefined) {
    return undefined;
  }
  const { path } = part;
  const dialect = dialectOf(part);
  let fields = '';
  let taking: Promise<boolean> | undefined;
  const onHeader = (names: readonly string[]): void => {
    const file = { path, header: dialect.header, longest: 0, innerLines: false };
    fields = `(${selectPart(file, dialect, placeColumns(names, []), names.length)})`;
    taking ??= onWhole({ fields, names }).then(
      () => true,
      () => false,
    );
  };
  let skimmed: CsvScan | undefined;
  let scan: CsvScan | undefined;
  try {
    skimmed = await skimCsv({ path, dialect, onHeader, signal: reading.signal });
    if (skimmed === undefined) {
      reading.unreadable.from(part.source);
      scan = await scanCsv({ ...scanOf(part, 0, reading), onHeader });
    }
  } finally {
    // No statement may outlive its session, which ends with a failure.
    await taking;
  }
  const found = scan ?? skimmed;
  if ((await taking) === true && found?.names !== undefined && asHoped(found)) {
    const list = `row_number() OVER () AS o, ${rowHash(found.names.length)} AS h, *`;
    const raw: RawRows = {
      kind: 'text',
      relation: `(SELECT ${list} FROM ${fields})`,
      columns: found.names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' })),
      rows: found.records,
      parts: [{ source: part.source, base: 0, lines: found.lines }],
      unwritten: true,
    };
    return { raw };
  }
  return scan === undefined ? undefined : { scan };
}

/** The file could be read as it stands, with the least room and by several threads. */
function asHoped(scan: CsvScan): boolean {
  return scan.direct && scan.records > 0 && !scan.innerLines && roomFor(scan) === leastRoom;
}

/** Bytes that DuckDB's reader makes room for in a line, unless one is longer. */
const leastRoom = 2 << 20;

function roomFor({ longest }: Readable): number {
  return Math.max(leastRoom, longest + 16);
}

/** Where each of a header's names stands in the union; the n-th of the same name is the n-th there too. */
function placeColumns(names: readonly string[], union: string[]): readonly number[] {
  const taken = new Set<number>();
  return names.map((name) => {
    let at = union.findIndex((known, i) => known === name && !taken.has(i));
    if (at === -1) {
      at = union.length;
      union.push(name);
    }
    taken.add(at);
    return at;
  });
}

function selectPart(scan: Readable, dialect: CsvDialect, columns: readonly number[], width: number): string {
  const { delimiter, quote } = readDialect(dialect);
  const list = Array.from({ length: width }, (_, i) => {
    const field = columns.indexOf(i);
    return field === -1 ? `NULL::VARCHAR AS c${i}` : `f${field} AS c${i}`;
  });
  // The reader looks for a line's start in the middle of a file when it reads in parallel; a line end inside a quoted
  // field can lead it astray. It wants room for the longest line, and several lines in a buffer.
  const maxLine = roomFor(scan);
  const options = [
    `columns = {${columns.map((_, field) => `f${field}: 'VARCHAR'`).join(', ')}}`,
    'auto_detect = false',
    `header = ${scan.header}`,
    `delim = ${quoteText(delimiter)}`,
    `quote = ${quoteText(quote)}`,
    `escape = ${quoteText(quote)}`,
    `nullstr = [${['', ...dialect.null_strings].map(quoteText).join(', ')}]`,
    'allow_quoted_nulls = false',
    'null_padding = false',
    'strict_mode = true',
    "new_line = '\\n'",
    `max_line_size = ${maxLine}`,
    `buffer_size = ${maxLine * 2}`,
    `parallel = ${!scan.innerLines}`,
  ];
  return `SELECT ${list.join(', ')} FROM read_csv(${quoteText(scan.path)}, ${options.join(', ')})`;
}
