import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';
import type { PastRun } from './run-history.ts';

/** A run of the log as a list of many shows it. */
export interface BriefRun extends Pick<PastRun, 'run_id' | 'pipeline_name' | 'target_table' | 'status' | 'kind'> {
  readonly trigger: string;
  /** ISO 8601, UTC. */
  readonly start_time: string;
  /** Null while it is under way. */
  readonly seconds: number | null;
  readonly rows_read: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly rows_deleted: number;
  readonly error_code: string | null;
  readonly closed_by: string | null;
  readonly of_run: string | null;
}

type Written<T, N extends keyof T> = Omit<T, N> & Readonly<Record<N, string | null>>;
type CountName = 'seconds' | 'rows_read' | 'rows_loaded' | 'rows_rejected' | 'rows_deleted';

const briefColumns = `run_id, pipeline_name, target_table, status, COALESCE(kind, 'load') AS kind, trigger, start_time,
  execution_time_seconds AS seconds, rows_read, rows_loaded, rows_rejected, rows_deleted, error_code, closed_by, of_run`;

function briefRun(row: Written<BriefRun, CountName>): BriefRun {
  return {
    ...row,
    start_time: isoTimestamp(row.start_time, timestamptz),
    seconds: row.seconds === null ? null : Number(row.seconds),
    rows_read: Number(row.rows_read ?? 0),
    rows_loaded: Number(row.rows_loaded ?? 0),
    rows_rejected: Number(row.rows_rejected ?? 0),
    rows_deleted: Number(row.rows_deleted ?? 0),
  };
}

/** The last runs of every pipeline, those of one pipeline together, newest first. */
export async function lastRuns(sql: Statements, ofEach: number): Promise<readonly BriefRun[]> {
  const rows = await sql.unsafe<Written<BriefRun, CountName>[]>(
    `SELECT * FROM (
       SELECT ${briefColumns}, row_number() OVER (PARTITION BY pipeline_name ORDER BY start_time DESC, run_id) AS place
         FROM public.etl_execution_log) AS l
      WHERE place <= ${ofEach} ORDER BY pipeline_name, place`,
  );
  return rows.map(briefRun);
}

/** Some runs of a choice, newest first, and how many it has. */
export async function pageOfRuns(
  sql: Statements,
  choice: { readonly pipeline?: string | undefined; readonly status?: string | undefined },
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly runs: readonly BriefRun[]; readonly total: number }> {
  const where = 'WHERE ($1::text IS NULL OR pipeline_name = $1) AND ($2::text IS NULL OR status = $2)';
  const values = [choice.pipeline ?? null, choice.status ?? null];
  const [counted] = await sql.unsafe<{ readonly total: string }[]>(
    `SELECT count(*) AS total FROM public.etl_execution_log ${where}`,
    values,
  );
  const rows = await sql.unsafe<Written<BriefRun, CountName>[]>(
    `SELECT ${briefColumns} FROM public.etl_execution_log ${where}
      ORDER BY start_time DESC, run_id LIMIT ${page.limit} OFFSET ${page.offset}`,
    values,
  );
  return { runs: rows.map(briefRun), total: Number(counted?.total ?? 0) };
}

/** What the whole log says of a pipeline. */
export interface PipelineSummary {
  readonly pipeline_name: string;
  readonly runs: number;
  /** When the last run that loaded began, and the last that loaded or found nothing new; ISO 8601, UTC. */
  readonly last_load: string | null;
  readonly last_good: string | null;
}

/** A summary of each pipeline that the log knows, by its name. */
export async function pipelineSummaries(sql: Statements): Promise<readonly PipelineSummary[]> {
  const rows = await sql.unsafe<Written<PipelineSummary, 'runs'>[]>(
    `SELECT pipeline_name, count(*) AS runs,
            max(start_time) FILTER (WHERE status = 'success' AND COALESCE(kind, 'load') = 'load') AS last_load,
            max(start_time) FILTER (WHERE (status = 'success' OR error_code = 'already_loaded')
                                      AND COALESCE(kind, 'load') = 'load') AS last_good
       FROM public.etl_execution_log GROUP BY 1 ORDER BY 1`,
  );
  return rows.map((row) => ({
    ...row,
    runs: Number(row.runs),
    last_load: iso(row.last_load),
    last_good: iso(row.last_good),
  }));
}

/** Sums over the runs that began since a time. */
export interface RunTotals {
  readonly runs: number;
  readonly failed: number;
  readonly running: number;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
}

/** What all runs since a time did together; rows of runs that were taken back count as they were loaded. */
export async function totalsSince(sql: Statements, since: Date): Promise<RunTotals> {
  const [row] = await sql.unsafe<Readonly<Record<keyof RunTotals, string>>[]>(
    `SELECT count(*) AS runs, count(*) FILTER (WHERE status = 'failed') AS failed,
            count(*) FILTER (WHERE status = 'running') AS running,
            COALESCE(sum(rows_loaded), 0) AS rows_loaded, COALESCE(sum(rows_rejected), 0) AS rows_rejected
       FROM public.etl_execution_log WHERE start_time >= $1::timestamptz`,
    [since],
  );
  const number = (name: keyof RunTotals): number => Number(row?.[name] ?? 0);
  return {
    runs: number('runs'),
    failed: number('failed'),
    running: number('running'),
    rows_loaded: number('rows_loaded'),
    rows_rejected: number('rows_rejected'),
  };
}

/** The pipeline's run that is under way, as the log has it; undefined where none is. */
export async function runUnderWay(sql: Statements, pipelineName: string): Promise<string | undefined> {
  const [row] = await sql<{ readonly run_id: string }[]>`
    SELECT run_id FROM public.etl_execution_log WHERE pipeline_name = ${pipelineName} AND status = 'running'
     ORDER BY COALESCE(epoch, 0) DESC, start_time DESC LIMIT 1`;
  return row?.run_id;
}

/** A run that is under way is looked at anew this often, so that its time goes on. */
const tickSeconds = 5;

/** Changes whenever a run begins, goes on or ends; of one run where it is named. */
export async function logVersion(sql: Statements, runId: string | undefined): Promise<string> {
  const [row] = await sql.unsafe<{ readonly version: string }[]>(
    runId === undefined
      ? `SELECT concat_ws(' ', count(*), max(start_time), max(end_time), count(*) FILTER (WHERE status = 'running'),
                          count(closed_by)) AS version FROM public.etl_execution_log`
      : `SELECT concat_ws(' ', l.status, l.end_time, l.closed_by,
                          (SELECT concat_ws(' ', count(*), sum(b.rows_loaded))
                             FROM public.etl_load_ledger b WHERE b.run_id = l.run_id),
                          CASE WHEN l.status = 'running' THEN (
                            SELECT concat_ws(' ', s.updated_at, s.lease, floor(extract(epoch FROM CURRENT_TIMESTAMP) / ${tickSeconds}))
                              FROM public.etl_state s WHERE s.pipeline_name = l.pipeline_name) END) AS version
           FROM public.etl_execution_log l WHERE l.run_id = $1`,
    runId === undefined ? [] : [runId],
  );
  return row?.version ?? '';
}

function iso(time: string | null): string | null {
  return time === null ? null : isoTimestamp(time, timestamptz);
}
