import type { Sql, Transaction } from '../dsql/connect.ts';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';
import { insertStatement, type RowOf, type TableDefinition } from './table-definition.ts';

/** What is counted of a run; zero until a stage has found it out. */
const countColumns = {
  /** read = filtered + deduplicated + rejected + loaded */
  rows_read: { type: 'bigint' },
  rows_filtered: { type: 'bigint' },
  rows_deduplicated: { type: 'bigint' },
  rows_rejected: { type: 'bigint' },
  /** loaded = inserted + updated + unchanged */
  rows_loaded: { type: 'bigint' },
  rows_inserted: { type: 'bigint' },
  rows_updated: { type: 'bigint' },
  rows_unchanged: { type: 'bigint' },
  /** Rows of the table that `replace` deleted. */
  rows_deleted: { type: 'bigint' },
  bytes_read: { type: 'bigint' },
  conflict_retries: { type: 'bigint' },
} as const;

/** What is known of a run when it begins. */
const startColumns = {
  run_id: { type: 'text' },
  pipeline_name: { type: 'text', required: true },
  status: { type: 'text', required: true },
  trigger: { type: 'text', required: true },
  start_time: { type: 'timestamptz', required: true },
  target_table: { type: 'text', required: true },
} as const;

/** What is known of a run when it ends. */
const endColumns = {
  end_time: { type: 'timestamptz' },
  execution_time_seconds: { type: 'numeric(18,3)' },
  /** Rows loaded, by the article's name. */
  processed_records: { type: 'bigint' },
  error_message: { type: 'text' },
  stage: { type: 'text' },
  error_code: { type: 'text' },
  ...countColumns,
  /** What was compared after the load and found. */
  verified: { type: 'text' },
  /** One a line. */
  warnings: { type: 'text' },
  /** What the run did in other words than counts: stages, types, DDL, sources. */
  details: { type: 'jsonb' },
} as const;

/** A row a run. */
export const executionLog = {
  name: 'etl_execution_log',
  columns: {
    ...startColumns,
    ...endColumns,
    source_fingerprint: { type: 'text' },
    plan_fingerprint: { type: 'text' },
    /** What started the run, where the same event may come twice. */
    event_id: { type: 'text' },
    /** The lease's epoch under which it last began; orders the runs of a pipeline. */
    epoch: { type: 'bigint' },
    /** The target table, by what the catalog knows it by; another table of the same name has another. */
    table_id: { type: 'text' },
    /** The run that closed this one, which will never go on, or took its rows back. */
    closed_by: { type: 'text' },
    /** What the run did; NULL, as in a release that did not tell, is a load. */
    kind: { type: 'text' },
    /** The run that this one took back, or whose rejected rows it ran again. */
    of_run: { type: 'text' },
    load_mode: { type: 'text' },
    /** The pipeline's watermark before this run moved it. */
    former_watermark: { type: 'jsonb' },
  },
  primaryKey: ['run_id'],
} as const satisfies TableDefinition;

export type RunCounts = Readonly<Record<keyof typeof countColumns, number>>;

export const noCounts: RunCounts = mapKeys(countColumns, () => 0);

type LogRow = RowOf<typeof executionLog>;

/** A row of `etl_execution_log` as far as a later run has to know it. */
export interface LoggedRun extends Pick<LogRow, 'source_fingerprint' | 'plan_fingerprint' | 'table_id'> {
  readonly run_id: string;
  readonly status: 'running' | 'success' | 'failed' | 'skipped';
  readonly start_time: string;
  readonly kind: string | null;
  /** Batches that have committed. */
  readonly batches: number;
}

export interface RunStart {
  readonly run: {
    readonly run_id: string;
    readonly trigger: string;
    readonly start_time: string;
    readonly epoch: number;
    /** The run whose rejected rows it runs again. */
    readonly replay_of?: string | undefined;
  };
  readonly pipelineName: string;
  readonly targetTable: string;
  readonly loadMode: string;
  readonly planFingerprint: string;
  /** Known before anything is read where the source is files. */
  readonly sourceFingerprint: string | null;
  /** What started the run, where the same event may come twice. */
  readonly eventId: string | null;
}

/**
 * Logs that a run has begun, or goes on; in a transaction that checks its lease. One whose start is repeated and that was
 * told to start over has closed itself before.
 */
export async function logStart(transaction: Transaction, start: RunStart): Promise<void> {
  const { run } = start;
  await transaction`
    INSERT INTO public.etl_execution_log
           (run_id, pipeline_name, status, trigger, start_time, target_table, plan_fingerprint, source_fingerprint,
            event_id, epoch, load_mode, kind, of_run)
    VALUES (${run.run_id}, ${start.pipelineName}, 'running', ${run.trigger}, ${run.start_time}, ${start.targetTable},
            ${start.planFingerprint}, ${start.sourceFingerprint}, ${start.eventId}, ${run.epoch}, ${start.loadMode},
            ${run.replay_of === undefined ? 'load' : 'replay'}, ${run.replay_of ?? null})
    ON CONFLICT (run_id) DO UPDATE SET status = 'running', end_time = NULL, error_message = NULL, error_code = NULL, stage = NULL,
      epoch = EXCLUDED.epoch, closed_by = NULL,
      event_id = COALESCE(EXCLUDED.event_id, etl_execution_log.event_id)`;
}

/** Notes what a run reads, as soon as it is known; a later run recognises the same content by it. */
export async function logFingerprint(transaction: Transaction, runId: string, fingerprint: string): Promise<void> {
  await transaction`UPDATE public.etl_execution_log SET source_fingerprint = ${fingerprint} WHERE run_id = ${runId}`;
}

/** How a run ended, as the log keeps it. */
export type RunEnd = RunCounts &
  Pick<
    LogRow,
    | 'end_time'
    | 'execution_time_seconds'
    | 'processed_records'
    | 'error_message'
    | 'stage'
    | 'error_code'
    | 'verified'
    | 'details'
  > &
  Readonly<Record<keyof typeof startColumns, string>> & { readonly warnings: readonly string[] };

/** Writes how a run ended, in a transaction that checks its lease. */
export async function logEnd(
  transaction: Transaction,
  end: RunEnd,
  fingerprint: string | null,
  tableId?: string | undefined,
): Promise<void> {
  const sets = ['status', ...keysOf(endColumns)].map((name) => `${name} = EXCLUDED.${name}`).join(', ');
  await transaction.unsafe(
    `${insertStatement(executionLog, [...endedColumns, 'table_id'])}
     ON CONFLICT (run_id) DO UPDATE SET ${sets}, table_id = COALESCE(EXCLUDED.table_id, etl_execution_log.table_id),
       source_fingerprint = COALESCE(EXCLUDED.source_fingerprint, etl_execution_log.source_fingerprint)`,
    [...endedValues(end, fingerprint), tableId ?? null],
    { prepare: true },
  );
}

/** Writes how a run ended that never had the lease: its first and only row. A row that is there stays as it is. */
export async function logWithoutLease(sql: Sql, end: RunEnd): Promise<void> {
  await sql.unsafe(
    `${insertStatement(executionLog, endedColumns)} ON CONFLICT (run_id) DO NOTHING`,
    endedValues(end, null),
    { prepare: true },
  );
}

const endedColumns = [...keysOf(startColumns), ...keysOf(endColumns), 'source_fingerprint'] as const;

function endedValues(end: RunEnd, fingerprint: string | null): (string | number | null)[] {
  const row = { ...end, warnings: end.warnings.length === 0 ? null : end.warnings.join('\n') };
  return endedColumns.map((name) => (name === 'source_fingerprint' ? fingerprint : row[name]));
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

/** Whether a run has succeeded or was closed: nobody goes on with it, and its id is of no further use. */
export async function isOver(sql: Sql, runId: string): Promise<boolean> {
  const rows = await sql`
    SELECT 1 FROM public.etl_execution_log WHERE run_id = ${runId} AND (status = 'success' OR closed_by <> run_id)`;
  return rows.length > 0;
}

/** What the log keeps of a run besides its counts, as JSON; undefined where it keeps nothing. */
export async function detailsOfRun(sql: Sql, runId: string): Promise<string | undefined> {
  const rows = await sql<{ readonly details: string | null }[]>`
    SELECT details::text AS details FROM public.etl_execution_log WHERE run_id = ${runId}`;
  return rows[0]?.details ?? undefined;
}

/** Rows read by the ten successes of a pipeline that began before a run, newest first. */
export async function rowsReadBefore(
  sql: Sql,
  run: Pick<LoggedRun, 'run_id' | 'start_time'> & { readonly pipeline_name: string },
): Promise<readonly number[]> {
  const rows = await sql<{ rows_read: string }[]>`
    SELECT rows_read FROM public.etl_execution_log
     WHERE pipeline_name = ${run.pipeline_name} AND status = 'success' AND run_id <> ${run.run_id}
       AND start_time < ${run.start_time}
     ORDER BY start_time DESC LIMIT 10`;
  return rows.map((row) => Number(row.rows_read));
}

/** Marks runs that nobody will finish, in a transaction that checks the lease. A run that has ended well stays as it is. */
export async function closeRun(
  transaction: Transaction,
  runId: string,
  closedBy: string,
  reason: string | undefined,
): Promise<void> {
  await transaction`
    UPDATE public.etl_execution_log
       SET closed_by = ${closedBy},
           error_code = CASE WHEN status = 'success' THEN error_code ELSE 'abandoned' END,
           error_message = CASE WHEN status = 'success' THEN error_message
                                ELSE COALESCE(${reason ?? null}::text, error_message) END,
           end_time = CASE WHEN status = 'success' THEN end_time ELSE COALESCE(end_time, CURRENT_TIMESTAMP) END,
           status = CASE WHEN status = 'success' THEN status ELSE 'failed' END
     WHERE run_id = ${runId}`;
}

/** A success whose rows are in the table. */
export type LoadedRun = Pick<LoggedRun, 'run_id' | 'start_time' | 'source_fingerprint' | 'plan_fingerprint'>;

/** The runs that ended well in this very table and whose rows nobody took back, newest first by the lease's epochs. */
export async function findLoaded(
  sql: Sql,
  pipelineName: string,
  table: { readonly name: string; readonly id: string },
): Promise<readonly LoadedRun[]> {
  const rows = await sql<LoadedRun[]>`
    SELECT run_id, start_time, source_fingerprint, plan_fingerprint FROM public.etl_execution_log
     WHERE pipeline_name = ${pipelineName} AND target_table = ${table.name} AND status = 'success' AND closed_by IS NULL
       AND (table_id IS NULL OR table_id = ${table.id})
     ORDER BY COALESCE(epoch, 0) DESC, start_time DESC`;
  return rows.map((row) => ({ ...row, start_time: isoTimestamp(row.start_time, timestamptz) }));
}

/** All of the pipeline's runs into a table of this name that were killed or failed and that nobody has closed, newest first. */
export async function findUnfinished(
  statements: Statements,
  pipelineName: string,
  targetTable: string,
): Promise<readonly LoggedRun[]> {
  const rows = await statements<(Omit<LoggedRun, 'batches'> & { readonly batches: string })[]>`
    SELECT l.run_id, l.status, l.start_time, l.source_fingerprint, l.plan_fingerprint, l.table_id, l.kind,
           (SELECT count(*) FROM public.etl_load_ledger b WHERE b.run_id = l.run_id AND b.chunk >= 0) AS batches
      FROM public.etl_execution_log l
     WHERE l.pipeline_name = ${pipelineName} AND l.target_table = ${targetTable} AND l.status IN ('running', 'failed')
       AND l.closed_by IS NULL AND l.error_code IS DISTINCT FROM 'abandoned'
       AND COALESCE(l.kind, 'load') IN ('load', 'replay')
     ORDER BY COALESCE(l.epoch, 0) DESC, l.start_time DESC, l.run_id`;
  return rows.map((row) => ({ ...row, batches: Number(row.batches) }));
}

/** `Object.keys` with the keys' type; the lists above are literals, which have no others. */
function keysOf<K extends string>(columns: Readonly<Record<K, unknown>>): readonly K[] {
  return Object.keys(columns) as K[];
}

function mapKeys<K extends string, V>(columns: Readonly<Record<K, unknown>>, value: () => V): Readonly<Record<K, V>> {
  return Object.fromEntries(keysOf(columns).map((name) => [name, value()])) as Record<K, V>;
}
