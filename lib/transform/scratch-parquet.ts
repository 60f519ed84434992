/** Rows of a row group of working files at most, a quarter of DuckDB's own. */
const mostGroupRows = 30_720;

/** Bytes of a row group, about, where rows are wide. */
const groupBytes = 8 * 1024 * 1024;

/** Rows that DuckDB hands on at once; no row group has fewer. */
const vectorRows = 2_048;

/**
 * Rows of a row group of a working file. Each thread holds one in memory while it writes, and several where they have to
 * follow each other, so that wide rows get smaller ones.
 *
 * @param rowBytes  of a row, about; those of ordinary width when left out
 */
export function scratchGroupRows(rowBytes = 0): number {
  const rows = Math.floor(groupBytes / Math.max(1, rowBytes) / vectorRows) * vectorRows;
  return Math.min(mostGroupRows, Math.max(vectorRows, rows));
}

/**
 * Options of COPY for working files. With row groups of this size 10,000,000 × 10 rows of CSV took two thirds of the memory
 * and less time, and a chunk reads few rows beside its own.
 */
export function scratchParquet(rowBytes?: number): string {
  return `(FORMAT parquet, ROW_GROUP_SIZE ${scratchGroupRows(rowBytes)})`;
}
