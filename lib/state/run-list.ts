import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';

/** Which runs of the log are meant. */
export interface RunChoice {
  readonly pipeline?: string | undefined;
  readonly failed?: boolean | undefined;
  /** Runs that began at this time or later. */
  readonly since?: Date | undefined;
  readonly limit: number;
}

/** A run as the log has it, values as text; its details are left out. */
export type ListedRun = Readonly<Record<(typeof listedColumns)[number], string | null>>;

/** Everything about a run, in the order in which it is printed as JSON. */
export const listedColumns = [
  'run_id',
  'pipeline_name',
  'status',
  'trigger',
  'start_time',
  'end_time',
  'execution_time_seconds',
  'target_table',
  'kind',
  'of_run',
  'load_mode',
  'stage',
  'error_code',
  'error_message',
  'processed_records',
  'rows_read',
  'rows_filtered',
  'rows_deduplicated',
  'rows_rejected',
  'rows_loaded',
  'rows_inserted',
  'rows_updated',
  'rows_unchanged',
  'rows_deleted',
  'bytes_read',
  'conflict_retries',
  'verified',
  'warnings',
  'source_fingerprint',
  'plan_fingerprint',
  'event_id',
  'epoch',
  'table_id',
  'closed_by',
] as const;

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
      FROM public.etl_load_ledger WHERE run_id = ${runId}`;
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
