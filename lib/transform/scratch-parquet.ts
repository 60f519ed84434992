/** Rows of a row group of working files. */
export const scratchGroupRows = 30_720;

/**
 * Options of COPY for working files. Row groups a quarter of DuckDB's own size: each thread holds one in memory while it
 * writes, and a chunk reads few rows beside its own (10,000,000 × 10 rows of CSV took two thirds of the memory and less time).
 */
export const scratchParquet = `(FORMAT parquet, ROW_GROUP_SIZE ${scratchGroupRows})`;
