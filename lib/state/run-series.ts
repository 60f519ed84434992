import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';

/** Some batches of a run that follow each other. */
export interface LandedBatches {
  /** When the last of them began, ISO 8601, UTC. */
  readonly at: string;
  readonly batches: number;
  readonly rows: number;
}

/** How a run's batches came into the table, in the order of their times, gathered into at most so many groups of the same size. */
export async function landedBatches(sql: Statements, runId: string, groups: number): Promise<readonly LandedBatches[]> {
  const rows = await sql.unsafe<{ readonly at: string; readonly batches: string; readonly rows: string }[]>(
    `SELECT max(loaded_at) AS at, count(*) AS batches, sum(rows_loaded) AS rows FROM (
       SELECT loaded_at, rows_loaded, ntile(${groups}) OVER (ORDER BY loaded_at, chunk, batch) AS place
         FROM public.etl_load_ledger WHERE run_id = $1) AS b
      GROUP BY place ORDER BY place`,
    [runId],
  );
  return rows.map((row) => ({
    at: isoTimestamp(row.at, timestamptz),
    batches: Number(row.batches),
    rows: Number(row.rows),
  }));
}
