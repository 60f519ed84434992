import type { LineIndex } from './line-index.ts';

/** What a walk over the bytes of a CSV file has found. */
export interface CsvScan {
  /** The header's fields, or the given names; undefined when the file has no record at all. */
  readonly names: readonly string[] | undefined;
  /** Good records; DuckDB has to find as many. */
  readonly records: number;
  /** Where DuckDB finds them. */
  readonly path: string;
  /** That is the file itself. */
  readonly direct: boolean;
  /** The first line of `path` is a header. */
  readonly header: boolean;
  /** The longest record, in bytes. */
  readonly longest: number;
  /** A quoted field holds a line end. */
  readonly innerLines: boolean;
  readonly lines: LineIndex;
  /** Bytes of the file that its records and lines took. */
  readonly end: number;
  /** Lines that were walked over. */
  readonly linesRead: number;
}
