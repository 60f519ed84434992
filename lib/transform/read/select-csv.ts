import { cleanName } from '../../cleaned-name.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { CsvDialect } from '../../manifest.ts';
import type { CsvScan } from './csv-scan.ts';
import { readDialect } from './good-records.ts';
import type { LocalPart } from './local-part.ts';

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

/** How a part is to be read. */
export function dialectOf(part: Pick<LocalPart, 'csv'>): CsvDialect {
  return part.csv ?? defaultDialect;
}

/** What DuckDB is told of a file besides its dialect. */
type Readable = Pick<CsvScan, 'header' | 'innerLines' | 'longest' | 'path'>;

/**
 * Bytes that DuckDB's reader makes room for in a line, unless one is longer. It reads twice as many at once and holds some
 * such blocks for each thread: with 2 MiB a million rows and ten million took 40 MB more.
 */
export const leastRoom = 512 << 10;

/** The room that a file's longest record takes. */
export function roomFor({ longest }: Readable): number {
  return Math.max(leastRoom, longest + 16);
}

/**
 * Where each of a header's names stands in the union; the n-th of the same name is the n-th there too. A name that
 * differs only in case, blanks and signs from one of another file, so that both make the same column, is that one.
 */
export function placeColumns(names: readonly string[], union: string[]): readonly number[] {
  const taken = new Set<number>();
  const known = union.length;
  const find = (same: (one: string) => boolean): number => union.findIndex((one, i) => !taken.has(i) && same(one));
  return names.map((name) => {
    let at = find((one) => one === name);
    if (at === -1 && cleanName(name, 0) !== 'column_0') {
      const folded = cleanName(name, 0);
      at = find((one) => cleanName(one, 0) === folded && !names.includes(one));
      if (at >= known) at = -1;
    }
    if (at === -1) {
      at = union.length;
      union.push(name);
    }
    taken.add(at);
    return at;
  });
}

/** A query of the part's good records: `c0`, `c1`, …; NULL where the part has no field for a column. */
export function selectPart(scan: Readable, dialect: CsvDialect, columns: readonly number[], width: number): string {
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
    'hive_partitioning = false',
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
