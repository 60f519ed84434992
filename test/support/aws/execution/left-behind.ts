import { expect } from 'vitest';
import type { LocalTarget } from '../../local-target.ts';

/** Columns that tell when or from where a row came, not what it holds. */
const ofTheLoad = new Set(['uuid_id', 'created_at', 'updated_at', 'extracted_at']);

/** Everything a table holds, in one order, without what differs from load to load. */
export async function rowsOf(target: LocalTarget, table: string): Promise<readonly string[]> {
  const columns = await target.sql<{ column_name: string }[]>`
  SELECT column_name FROM information_schema.columns WHERE table_name = ${table} ORDER BY ordinal_position`;
  const kept = columns.map((column) => column.column_name).filter((name) => !ofTheLoad.has(name));
  expect(kept.length).toBeGreaterThan(0);
  const rows = await target.sql.unsafe<{ line: string }[]>(
    `SELECT md5(ROW(${kept.map((name) => `"${name}"`).join(', ')})::text) AS line FROM ${table}`,
  );
  return rows.map((row) => row.line).sort();
}

/** What the log keeps of a pipeline's runs, in their order. */
export async function logOf(target: LocalTarget, pipeline: string) {
  return await target.sql`
  SELECT status, processed_records, rows_read, rows_filtered, rows_deduplicated, rows_rejected, rows_loaded,
         rows_inserted, rows_updated, rows_unchanged, stage, error_code, error_message
    FROM etl_execution_log WHERE pipeline_name = ${pipeline} ORDER BY start_time`;
}

/** Chunk by chunk: rows without a key have other ids where S3 names their source, and other batches with them. */
export async function ledgerOf(target: LocalTarget, pipeline: string) {
  return await target.sql`
  SELECT l.chunk, count(*) AS batches, sum(l.rows_loaded) AS rows_loaded, sum(l.rows_inserted) AS rows_inserted,
         max(l.rows_loaded) <= 2000 AS small FROM etl_load_ledger l
    JOIN etl_execution_log e ON e.run_id = l.run_id AND e.pipeline_name = ${pipeline} GROUP BY l.chunk ORDER BY l.chunk`;
}

/** Rows as JSON has them, to be compared. */
export const plain = (rows: readonly object[]): unknown => JSON.parse(JSON.stringify(rows));
