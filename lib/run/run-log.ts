import type { Sql } from '../dsql/connect.ts';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
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
  /** What started the run, where the same event may come twice. */
  readonly eventId: string | null;
}

/** Logs that a run has begun, or goes on. */
export async function logStart(sql: Sql, start: RunStart): Promise<void> {
  const { run } = start;
  await sql`
    INSERT INTO public.etl_execution_log
           (run_id, pipeline_name, status, trigger, start_time, target_table, plan_fingerprint, source_fingerprint,
            event_id)
    VALUES (${run.run_id}, ${start.pipelineName}, 'running', ${run.trigger}, ${run.start_time}, ${start.targetTable},
            ${start.planFingerprint}, ${start.sourceFingerprint}, ${start.eventId})
    ON CONFLICT (run_id) DO UPDATE SET status = 'running', end_time = NULL, error_message = NULL, error_code = NULL, stage = NULL,
      event_id = COALESCE(EXCLUDED.event_id, etl_execution_log.event_id)`;
}

/** Notes what a run reads, as soon as it is known; a later run recognises the same content by it. */
export async function logFingerprint(sql: Sql, runId: string, fingerprint: string): Promise<void> {
  await sql`UPDATE public.etl_execution_log SET source_fingerprint = ${fingerprint} WHERE run_id = ${runId}`;
}

/** What `logEnd` writes; `Sql` or a transaction that writes more with it. */
type Statements = Pick<Sql, 'unsafe'>;

/** Writes how a run ended. Also the first and only row of a run that was skipped. */
export async function logEnd(
  sql: Statements,
  result: RunResult,
  trigger: string,
  fingerprint: string | null,
): Promise<void> {
  const row: Readonly<Record<string, string | number | null>> = {
    run_id: result.run_id,
    pipeline_name: result.pipeline_name,
    status: result.status,
    trigger,
    start_time: result.start_time,
    target_table: result.target_table,
    end_time: result.end_time,
    execution_time_seconds: result.execution_time_seconds,
    processed_records: result.processed_records,
    error_message: result.error_message,
    stage: result.stage,
    error_code: result.error_code,
    rows_read: result.rows_read,
    rows_filtered: result.rows_filtered,
    rows_deduplicated: result.rows_deduplicated,
    rows_rejected: result.rows_rejected,
    rows_loaded: result.rows_loaded,
    rows_inserted: result.rows_inserted,
    rows_updated: result.rows_updated,
    rows_unchanged: result.rows_unchanged,
    rows_deleted: result.rows_deleted,
    bytes_read: result.bytes_read,
    conflict_retries: result.conflict_retries,
    verified: result.verified,
    warnings: result.warnings.length === 0 ? null : result.warnings.join('\n'),
    source_fingerprint: fingerprint,
  };
  const names = Object.keys(row);
  const kept = new Set(['run_id', 'pipeline_name', 'trigger', 'start_time', 'target_table', 'source_fingerprint']);
  const sets = names.filter((name) => !kept.has(name)).map((name) => `${name} = EXCLUDED.${name}`);
  await sql.unsafe(
    `INSERT INTO public.etl_execution_log (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})
     ON CONFLICT (run_id) DO UPDATE SET ${sets.join(', ')},
       source_fingerprint = COALESCE(EXCLUDED.source_fingerprint, etl_execution_log.source_fingerprint)`,
    Object.values(row),
    { prepare: true },
  );
}

/** The run that this very event started, other than the one that asks; undefined when it is new. */
export async function findEvent(
  sql: Sql,
  pipelineName: string,
  eventId: string,
  runId: string,
): Promise<Pick<LoggedRun, 'run_id' | 'status'> | undefined> {
  const rows = await sql<Pick<LoggedRun, 'run_id' | 'status'>[]>`
    SELECT run_id, status FROM public.etl_execution_log
     WHERE pipeline_name = ${pipelineName} AND event_id = ${eventId} AND run_id <> ${runId}
     ORDER BY start_time LIMIT 1`;
  return rows[0];
}

/** A run's status in the log; undefined when it was never logged. */
export async function statusOfRun(sql: Sql, runId: string): Promise<LoggedRun['status'] | undefined> {
  const rows = await sql<Pick<LoggedRun, 'status'>[]>`
    SELECT status FROM public.etl_execution_log WHERE run_id = ${runId}`;
  return rows[0]?.status;
}

/** The run for which this holder has the pipeline's lease; undefined when it has it not. */
export async function findLeased(sql: Sql, pipelineName: string, holder: string): Promise<string | undefined> {
  const rows = await sql<{ readonly run_id: string }[]>`
    SELECT lease->>'run_id' AS run_id FROM public.etl_state
     WHERE pipeline_name = ${pipelineName} AND lease->>'holder' = ${holder}`;
  return rows[0]?.run_id;
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
  return rows[0] === undefined ? undefined : { ...rows[0], start_time: isoTimestamp(rows[0].start_time, timestamptz) };
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
