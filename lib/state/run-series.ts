import { z } from 'zod';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';

/** One run of a pipeline as a point in time. */
export interface SeriesRun {
  readonly run_id: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly status: string;
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly seconds: number;
}

/** The pipeline's last runs that read a source, oldest first; those that are under way or had nothing to do are left out. */
export async function runSeries(sql: Statements, pipelineName: string, most: number): Promise<readonly SeriesRun[]> {
  const rows = await sql.unsafe<Readonly<Record<keyof SeriesRun, string>>[]>(
    `SELECT run_id, extract(epoch FROM start_time) AS at, status, COALESCE(rows_read, 0) AS rows_read,
            COALESCE(rows_loaded, 0) AS rows_loaded, COALESCE(rows_rejected, 0) AS rows_rejected,
            COALESCE(execution_time_seconds, 0) AS seconds
       FROM public.etl_execution_log
      WHERE pipeline_name = $1 AND status IN ('success', 'failed') AND COALESCE(kind, 'load') IN ('load', 'replay')
      ORDER BY start_time DESC, run_id LIMIT ${most}`,
    [pipelineName],
  );
  return rows
    .map((row) => ({
      run_id: row.run_id,
      at: Number(row.at),
      status: row.status,
      rows_read: Number(row.rows_read),
      rows_loaded: Number(row.rows_loaded),
      rows_rejected: Number(row.rows_rejected),
      seconds: Number(row.seconds),
    }))
    .reverse();
}

/** The columns of a run, each with its type. */
export interface RunColumns {
  readonly run_id: string;
  /** ISO 8601, UTC. */
  readonly start_time: string;
  readonly columns: { readonly name: string; readonly type: string }[];
}

/** Which columns the pipeline's last successes had, newest first; runs of a release that did not tell are left out. */
export async function columnHistory(
  sql: Statements,
  pipelineName: string,
  most: number,
): Promise<readonly RunColumns[]> {
  const rows = await sql.unsafe<{ readonly run_id: string; readonly start_time: string; readonly columns: string }[]>(
    `SELECT run_id, start_time, (details->'columns')::text AS columns FROM (
       SELECT run_id, start_time, details FROM public.etl_execution_log
        WHERE pipeline_name = $1 AND status = 'success' AND COALESCE(kind, 'load') = 'load'
          AND jsonb_array_length(COALESCE(details->'columns', '[]'::jsonb)) > 0
        ORDER BY start_time DESC, run_id LIMIT ${most}) AS l ORDER BY start_time DESC, run_id`,
    [pipelineName],
  );
  return rows.map(({ columns, run_id, start_time }) => ({
    run_id,
    start_time: isoTimestamp(start_time, timestamptz),
    columns: z.array(z.object({ name: z.string(), type: z.string() })).parse(JSON.parse(columns)),
  }));
}

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
         FROM public.etl_load_ledger WHERE run_id = $1 AND chunk >= 0) AS b
      GROUP BY place ORDER BY place`,
    [runId],
  );
  return rows.map((row) => ({
    at: isoTimestamp(row.at, timestamptz),
    batches: Number(row.batches),
    rows: Number(row.rows),
  }));
}
