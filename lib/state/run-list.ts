import { z } from 'zod';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';
import type { executionLog } from './run-log.ts';

/** Which runs of the log are meant. */
export interface RunChoice {
  readonly pipeline?: string | undefined;
  readonly failed?: boolean | undefined;
  /** Runs that began at this time or later. */
  readonly since?: Date | undefined;
  readonly limit: number;
}

/** Everything about a run but its details, in the order in which it is printed as JSON, and whether runs are compared by it. */
const columns = {
  run_id: { compared: false },
  pipeline_name: { compared: true },
  status: { compared: true },
  trigger: { compared: false },
  start_time: { compared: false },
  end_time: { compared: false },
  execution_time_seconds: { compared: true },
  target_table: { compared: true },
  kind: { compared: true },
  of_run: { compared: false },
  load_mode: { compared: true },
  stage: { compared: false },
  error_code: { compared: true },
  error_message: { compared: false },
  processed_records: { compared: false },
  rows_read: { compared: true },
  rows_filtered: { compared: true },
  rows_deduplicated: { compared: true },
  rows_rejected: { compared: true },
  rows_loaded: { compared: true },
  rows_inserted: { compared: true },
  rows_updated: { compared: true },
  rows_unchanged: { compared: true },
  rows_deleted: { compared: true },
  bytes_read: { compared: true },
  conflict_retries: { compared: false },
  verified: { compared: false },
  warnings: { compared: false },
  source_fingerprint: { compared: true },
  plan_fingerprint: { compared: true },
  event_id: { compared: false },
  epoch: { compared: false },
  table_id: { compared: false },
  closed_by: { compared: false },
} as const satisfies Readonly<
  Record<Exclude<keyof typeof executionLog.columns, 'details' | 'former_watermark'>, { readonly compared: boolean }>
>;

type ListedColumn = keyof typeof columns;

/** A run as the log has it, values as text; its details are left out. */
export type ListedRun = Readonly<Record<ListedColumn, string | null>>;

export const listedColumns = Object.keys(columns) as readonly ListedColumn[];

/** What tells how two runs differ. */
export const comparedColumns = listedColumns.filter((name) => columns[name].compared);

const times = new Set<string>(['start_time', 'end_time']);

function listed(row: ListedRun): ListedRun {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value !== null && times.has(name) ? isoTimestamp(value, timestamptz) : value,
    ]),
  ) as ListedRun;
}

/** Runs, newest first. */
export async function listRuns(
  sql: Statements,
  { failed, limit, pipeline, since }: RunChoice,
): Promise<readonly ListedRun[]> {
  const rows = await sql.unsafe<ListedRun[]>(
    `SELECT ${listedColumns.join(', ')} FROM public.etl_execution_log
      WHERE ($1::text IS NULL OR pipeline_name = $1) AND ($2::timestamptz IS NULL OR start_time >= $2::timestamptz)
        ${failed === true ? "AND status = 'failed'" : ''}
      ORDER BY start_time DESC, run_id LIMIT ${limit}`,
    [pipeline ?? null, since ?? null],
  );
  return rows.map(listed);
}

/** What the log and the ledger know of one run. */
export interface WholeRun {
  readonly run: ListedRun;
  /** JSON text of what it did; null of a run of an earlier release, or one that is under way. */
  readonly details: string | null;
  /** Batches in the ledger, and when the first and the last of them began. */
  readonly batches: number;
  readonly firstBatch: string | null;
  readonly lastBatch: string | null;
}

/** One run with its details. @param runId  the whole id of a run that is in the log */
export async function readRun(sql: Statements, runId: string): Promise<WholeRun> {
  const [row] = await sql.unsafe<(ListedRun & { readonly details: string | null })[]>(
    `SELECT ${listedColumns.join(', ')}, details::text AS details FROM public.etl_execution_log WHERE run_id = $1`,
    [runId],
  );
  if (row === undefined) throw new RangeError('The run is not in the log.');
  const [ledger] = await sql<
    { readonly batches: string; readonly first: string | null; readonly last: string | null }[]
  >`SELECT count(*) AS batches, min(loaded_at) AS first, max(loaded_at) AS last
      FROM public.etl_load_ledger WHERE run_id = ${runId} AND chunk >= 0`;
  const { details, ...run } = row;
  const iso = (time: string | null | undefined): string | null =>
    time === null || time === undefined ? null : isoTimestamp(time, timestamptz);
  return {
    run: listed(run),
    details,
    batches: Number(ledger?.batches ?? 0),
    firstBatch: iso(ledger?.first),
    lastBatch: iso(ledger?.last),
  };
}

/** How many ended runs are asked for the log groups of their state machine. */
const askedRuns = 20;

/**
 * The log groups of the functions of a state machine, as one of the pipeline's last runs that have ended tells them; none
 * where none does.
 *
 * @param machine  how the ARNs of the machine's executions begin
 */
export async function logGroupsOf(sql: Statements, pipelineName: string, machine: string): Promise<readonly string[]> {
  const [row] = await sql<{ readonly groups: string }[]>`
    SELECT (execution->'log_groups')::text AS groups FROM (
      SELECT start_time, details->'execution' AS execution FROM public.etl_execution_log
       WHERE pipeline_name = ${pipelineName} AND end_time IS NOT NULL ORDER BY start_time DESC LIMIT ${askedRuns}) AS l
     WHERE left(execution->>'arn', length(${machine}::text)) = ${machine} ORDER BY start_time DESC LIMIT 1`;
  return row === undefined ? [] : z.array(z.string()).parse(JSON.parse(row.groups));
}

/** The details of the pipeline's last success into the same table before a run, as JSON text; null where there are none. */
export async function detailsBefore(
  sql: Statements,
  run: Pick<ListedRun, 'run_id' | 'pipeline_name' | 'target_table' | 'start_time'>,
): Promise<string | null> {
  const rows = await sql<{ readonly details: string }[]>`
    SELECT details::text AS details FROM public.etl_execution_log
     WHERE pipeline_name = ${run.pipeline_name} AND target_table = ${run.target_table} AND status = 'success'
       AND COALESCE(kind, 'load') = 'load' AND details IS NOT NULL
       AND start_time < ${run.start_time}::text::timestamptz AND run_id <> ${run.run_id}
     ORDER BY start_time DESC LIMIT 1`;
  return rows[0]?.details ?? null;
}
