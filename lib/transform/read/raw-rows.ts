import type { LineIndex } from './line-index.ts';

/** Rows as they were read: in a Parquet file, or still in the source. */
export interface RawRows {
  /** text: fields of CSV. json: JSON texts. typed: values of Parquet. */
  readonly kind: 'text' | 'json' | 'typed';
  /**
   * A relation of DuckDB with `o` (BIGINT, 1-based ordinal in part and file order, unique), `h` (UBIGINT, a hash of the
   * row, the same for equal rows) and one column `c0`, `c1`, … for each of `columns`: VARCHAR for text and json (NULL where there is no value), own types otherwise.
   */
  readonly relation: string;
  readonly columns: readonly RawColumn[];
  /** Rows of the relation. */
  readonly rows: number;
  readonly parts: readonly RawPartRows[];
  /**
   * The rows as they were read, where these have been shaped: the relation has then, in place of `h`, `r` (the ordinal of
   * the row's record) and `p` (a code of `problems`, else 0).
   */
  readonly records?: RawRows | undefined;
  /** What keeps a record from being shaped; `filters` where such a row is left out in place of being rejected. */
  readonly problems?: readonly RowProblemCode[] | undefined;
  /** Where rows are elements of a list. */
  readonly exploded?: ExplodedRows | undefined;
  /** What a person should know of the values though nothing failed; one sentence each. */
  readonly warnings?: readonly string[] | undefined;
}

/** A problem of rows by its code. */
export interface RowProblemCode {
  readonly code: number;
  readonly column: string | null;
  readonly reason: string;
  readonly filters: boolean;
}

/** How records became rows. */
export interface ExplodedRows {
  readonly path: string;
  readonly on_empty: 'keep' | 'filter';
  readonly rows: number;
  /** Records whose list is empty or missing. */
  readonly empty: number;
}

export interface RawColumn {
  /** The name in the source. */
  readonly sourceName: string;
  /** DuckDB's name of the type; VARCHAR for text and json. */
  readonly duckType: string;
  /** The source does not have it: a column of the table for which the configuration has a default. */
  readonly absent?: boolean | undefined;
}

export interface RawPartRows {
  readonly source: string;
  /** Ordinals of the part's rows are base + 1, base + 2, … */
  readonly base: number;
  /** Line (or ordinal in the source) of the part's n-th row. */
  readonly lines: LineIndex;
}

/** The source of a row and its line there (or its ordinal). */
export interface RowPlace {
  readonly source: string;
  readonly line: number;
}

export function placeOf(parts: readonly RawPartRows[], ordinal: number): RowPlace {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.base ?? 0) < ordinal) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const part = parts[low - 1];
  return part === undefined
    ? { source: '', line: ordinal }
    : { source: part.source, line: part.lines.lineOf(ordinal - part.base) };
}
