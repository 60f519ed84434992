import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { defaultChunkRows } from '../../manifest.ts';

/** Bytes of a chunk file, about, where its rows are wide; two are held in memory by the load. */
const chunkBytes = 64 * 1024 * 1024;

/**
 * As many rows as keep a chunk at about `chunkBytes`, so that rows of any width can be rendered in memory.
 *
 * @param paths  files of the rows
 * @param apart  columns of the files that chunks do not have
 */
export async function rowsPerChunk(
  session: DuckDbSession,
  paths: readonly string[],
  apart: readonly string[],
): Promise<number> {
  const files = `[${paths.map(quoteText).join(', ')}]`;
  const [size] = await session.rows(`
    SELECT coalesce(sum(total_uncompressed_size), 0) AS bytes FROM parquet_metadata(${files})
     WHERE path_in_schema NOT IN (${apart.map(quoteText).join(', ')})`);
  const [count] = await session.rows(`SELECT sum(num_rows) AS n FROM parquet_file_metadata(${files})`);
  const perRow = Math.max(1, Number(size?.bytes ?? 0) / Math.max(1, Number(count?.n ?? 0)));
  return Math.max(1, Math.min(defaultChunkRows, Math.floor(chunkBytes / perRow)));
}
