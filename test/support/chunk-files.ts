import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { storedChunks } from '../../lib/load/chunk-session.ts';
import type { Column, Manifest } from '../../lib/manifest.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import type { ChunkReader } from '../../lib/transform-result.ts';

/** Chunks as transform would leave them, made by one DuckDB query per chunk. */
export async function chunkFiles(
  folder: string,
  columns: readonly Column[],
  queries: readonly string[],
): Promise<{ readonly plan: Manifest; readonly reader: ChunkReader; readonly scratchDir: string }> {
  const scratchDir = path.join(folder, 'scratch');
  mkdirSync(path.join(folder, 'clean'), { recursive: true });
  mkdirSync(scratchDir, { recursive: true });
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: scratchDir });
  const chunks: { readonly location: string; readonly rows: number; readonly bytes: number }[] = [];
  try {
    for (const [index, query] of queries.entries()) {
      const location = `clean/part-${String(index).padStart(5, '0')}.parquet`;
      await session.run(`COPY (${query}) TO ${quoteText(path.join(folder, location))} (FORMAT parquet)`);
      const [count] = await session.rows(
        `SELECT count(*) AS n FROM read_parquet(${quoteText(path.join(folder, location))})`,
      );
      chunks.push({ location, rows: Number(count?.n), bytes: 0 });
    }
  } finally {
    session.close();
  }
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const counts = { rows_read: rows, rows_filtered: 0, rows_deduplicated: 0, rows_rejected: 0, rows_clean: rows };
  return {
    plan: { columns: [...columns], chunks, rejected: [], counts, key_columns: [], indexes: [] },
    reader: storedChunks(folderStore(folder), { chunks, columns }),
    scratchDir,
  };
}
