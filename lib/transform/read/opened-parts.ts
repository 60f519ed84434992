import type { RawColumn, RawPartRows, RawRows } from './raw-rows.ts';

/** What one part, or all of them together, say of their columns. */
export interface PartFields {
  /** The header's names, or keys in first-seen order, or the columns of a Parquet file. */
  readonly names: readonly string[];
  /** Of Parquet: DuckDB's types of them. */
  readonly types?: readonly string[] | undefined;
  /** Of JSON: names by which an object has two members that would be one column, as `foldedName` writes them. */
  readonly together?: readonly string[] | undefined;
}

/** The columns of a source, and which of them each field of its parts is. */
export interface FieldPlaces {
  readonly columns: readonly RawColumn[];
  /** For each of the `PartFields`: the column of each of its names. */
  readonly places: readonly (readonly number[])[];
}

/** Questions about all values of a column of Parquet, on which its type depends. */
export type ParquetQuestion = 'exact_double' | 'microseconds';

/** Parts of one format whose records have been found, before it is decided about their columns. */
export interface OpenedParts {
  readonly kind: RawRows['kind'];
  readonly rows: number;
  readonly parts: readonly RawPartRows[];
  readonly fields: readonly PartFields[];
  /** Of Parquet: columns of which DuckDB cuts what is behind the microsecond. */
  readonly cutNames?: readonly string[] | undefined;
  /** What was walked over, of each part. */
  readonly walked: readonly { readonly bytes: number; readonly lines: number }[];
  /** Of Parquet: whether it is so for every value of a field of one of `fields`. */
  readonly holds: (question: ParquetQuestion, part: number, field: number) => Promise<boolean>;
  /** Writes the rows, with these columns. */
  readonly write: (to: FieldPlaces) => Promise<RawRows>;
}
