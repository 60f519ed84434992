import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { CsvDialect } from '../../manifest.ts';
import { readDialect } from './good-records.ts';
import type { LocalPart } from './local-part.ts';
import { countRows, writeRawRows } from './raw-file.ts';
import type { RawPartRows, RawRows } from './raw-rows.ts';
import { type CsvScan, scanCsv } from './scan-csv.ts';
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
 * @throws {RowsUnaccountedError} when DuckDB finds another number of records than the walk over the bytes did
 */
export async function readCsv(
  session: DuckDbSession,
  parts: readonly LocalPart[],
  scratchDir: string,
  unreadable: UnreadableRows,
  signal?: AbortSignal,
): Promise<RawRows> {
  const scans: { readonly scan: CsvScan; readonly dialect: CsvDialect; readonly columns: readonly number[] }[] = [];
  const sourceNames: string[] = [];
  const rawParts: RawPartRows[] = [];
  let rows = 0;
  let early: Promise<string | undefined> | undefined;
  const rawPath = join(scratchDir, 'raw.parquet');
  const rawColumns = (names: readonly string[]) => names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR' }));
  const readWhole = (whole: Readable, dialect: CsvDialect, names: readonly string[]): Promise<string | undefined> => {
    const select = selectPart(whole, dialect, placeColumns(names, []), names.length);
    return writeRawRows(session, rawPath, [select], rawColumns(names)).catch(() => undefined);
  };
  try {
    for (const [index, part] of parts.entries()) {
      const dialect = part.csv ?? defaultDialect;
      unreadable.from(part.source);
      const copyPath = join(scratchDir, `good-${index}.csv`);
      // A single large file is read while it is still being walked over, in the hope that every record of it is good.
      const onHeader =
        parts.length > 1 || part.bytes < earlyBytes
          ? undefined
          : (names: readonly string[]) => {
              const whole = { path: part.path, header: dialect.header, longest: 0, innerLines: false };
              early = readWhole(whole, dialect, names);
            };
      const scan = await scanCsv({
        path: part.path,
        copyPath,
        source: part.source,
        dialect,
        unreadable,
        signal,
        onHeader,
      });
      const columns = placeColumns(scan.names ?? [], sourceNames);
      scans.push({ scan, dialect, columns });
      rawParts.push({ source: part.source, base: rows, lines: scan.lines });
      rows += scan.records;
    }
  } catch (error) {
    // No statement may outlive its session, which ends with this.
    await early;
    throw error;
  }
  const selects = scans.flatMap(({ scan, dialect, columns }) =>
    scan.records === 0 ? [] : [selectPart(scan, dialect, columns, sourceNames.length)],
  );
  const columns = rawColumns(sourceNames);
  const hoped = await early;
  const relation =
    hoped !== undefined && scans.every(({ scan }) => asHoped(scan))
      ? hoped
      : await writeRawRows(session, rawPath, selects, columns);
  await countRows(session, relation, rows, 'Reading the CSV');
  return { kind: 'text', relation, columns, rows, parts: rawParts };
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
