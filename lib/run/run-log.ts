import type { Sql } from '../dsql/connect.ts';
import type { Run } from './request.ts';
import type { RunResult } from './result.ts';

/** A row of `etl_execution_log` as far as a later run has to know it. */
export interface LoggedRun {
  readonly run_id: string;
  readonly status: 'running' | 'success' | 'failed' | 'skipped';
  readonly start_time: string;
  readonly source_fingerprint: string | null;
  readonly plan_fingerprint: string | null;
  /** Batches that have committed. */
  readonly batches: number;
}

export interface RunStart {
  readonly run: Run;
  readonly pipelineName: string;
  readonly targetTable: string;
  readonly planFingerprint: string;
  /** Known before anything is read where the source is files. */
  readonly sourceFingerprint: string | null;
}

/** Logs that a run has begun, or goes on. */
export async function logStart(sql: Sql, start: RunStart): Promise<void> {
  const { run } = start;
  await sql`
    INSERT INTO public.etl_execution_log
           (run_id, pipeline_name, status, trigger, start_time, target_table, plan_fingerprint, source_fingerprint)
    VALUES (${run.run_id}, ${start.pipelineName}, 'running', ${run.trigger}, ${run.start_time}, ${start.targetTable},
            ${start.planFingerprint}, ${start.sourceFingerprint})
    ON CONFLICT (run_id) DO UPDATE SET status = 'running', end_time = NULL, error_message = NULL, error_code = NULL, stage = NULL`;
}

/** Notes what a run reads, as soon as it is known; a later run recognises the same content by it. */
export async function logFingerprint(sql: Sql, runId: string, fingerprint: string): Promise<void> {
  await sql`UPDATE public.etl_execution_log SET source_fingerprint = ${fingerprint} WHERE run_id = ${runId}`;
}

/** Writes how a run ended. Also the first and only row of a run that was skipped. */
export async function logEnd(sql: Sql, result: RunResult, trigger: string, fingerprint: string | null): Promise<void> {
  await sql`
    INSERT INTO public.etl_execution_log
           (run_id, pipeline_name, status, trigger, start_time, end_time, execution_time_seconds, processed_records,
            target_table, error_message, stage, error_code, rows_read, rows_filtered, rows_deduplicated, rows_rejected,
            rows_loaded, rows_inserted, rows_updated, rows_unchanged, bytes_read, conflict_retries, source_fingerprint)
    VALUES (${result.run_id}, ${result.pipeline_name}, ${result.status}, ${trigger}, ${result.start_time}, ${result.end_time},
            ${result.execution_time_seconds}, ${result.processed_records}, ${result.target_table}, ${result.error_message},
            ${result.stage}, ${result.error_code}, ${result.rows_read}, ${result.rows_filtered},
            ${result.rows_deduplicated}, ${result.rows_rejected}, ${result.rows_loaded}, ${result.rows_inserted},
            ${result.rows_updated}, ${result.rows_unchanged}, ${result.bytes_read}, ${result.conflict_retries}, ${fingerprint})
    ON CONFLICT (run_id) DO UPDATE SET
      status = EXCLUDED.status, end_time = EXCLUDED.end_time, execution_time_seconds = EXCLUDED.execution_time_seconds,
      processed_records = EXCLUDED.processed_records, error_message = EXCLUDED.error_message, stage = EXCLUDED.stage,
      error_code = EXCLUDED.error_code, rows_read = EXCLUDED.rows_read, rows_filtered = EXCLUDED.rows_filtered,
      rows_deduplicated = EXCLUDED.rows_deduplicated, rows_rejected = EXCLUDED.rows_rejected,
      rows_loaded = EXCLUDED.rows_loaded, rows_inserted = EXCLUDED.rows_inserted, rows_updated = EXCLUDED.rows_updated,
      rows_unchanged = EXCLUDED.rows_unchanged, bytes_read = EXCLUDED.bytes_read,
      conflict_retries = EXCLUDED.conflict_retries,
      source_fingerprint = COALESCE(EXCLUDED.source_fingerprint, etl_execution_log.source_fingerprint)`;
}

/** Marks a run that nobody will finish. */
export async function logAbandoned(sql: Sql, runId: string, reason: string): Promise<void> {
  await sql`
    UPDATE public.etl_execution_log
       SET status = 'failed', error_code = 'abandoned', error_message = ${reason}, end_time = CURRENT_TIMESTAMP
     WHERE run_id = ${runId}`;
}

/** The run that loaded this very content into this table, or undefined. */
export async function findLoaded(
  sql: Sql,
  pipelineName: string,
  targetTable: string,
  fingerprint: string,
): Promise<Pick<LoggedRun, 'run_id' | 'start_time'> | undefined> {
  const rows = await sql<Pick<LoggedRun, 'run_id' | 'start_time'>[]>`
    SELECT run_id, start_time FROM public.etl_execution_log
     WHERE pipeline_name = ${pipelineName} AND target_table = ${targetTable} AND status = 'success'
       AND source_fingerprint = ${fingerprint}
     ORDER BY start_time DESC LIMIT 1`;
  return rows[0];
}

/**
 * The pipeline's newest run into this table that has not ended in success: it was killed (`running`), or it failed.
 * Undefined when the newest run was a success.
 */
export async function findUnfinished(
  sql: Sql,
  pipelineName: string,
  targetTable: string,
): Promise<LoggedRun | undefined> {
  const rows = await sql<(Omit<LoggedRun, 'batches'> & { readonly batches: string })[]>`
    SELECT l.run_id, l.status, l.start_time, l.source_fingerprint, l.plan_fingerprint,
           (SELECT count(*) FROM public.etl_load_ledger b WHERE b.run_id = l.run_id) AS batches
      FROM public.etl_execution_log l
     WHERE l.pipeline_name = ${pipelineName} AND l.target_table = ${targetTable} AND l.status <> 'skipped'
     ORDER BY l.start_time DESC, l.run_id LIMIT 1`;
  const newest = rows[0];
  return newest === undefined || newest.status === 'success'
    ? undefined
    : { ...newest, batches: Number(newest.batches) };
}
