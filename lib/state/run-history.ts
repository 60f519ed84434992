import { arrayLiteral } from '../dsql/array-literal.ts';
import { tableSpellings } from '../dsql/identifier.ts';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';
import { announcedStage, type UndoKind } from './undo-log.ts';

/** A run that has ended or is under way, as far as whoever takes it back or runs its rejected rows again has to know it. */
export interface PastRun {
  readonly run_id: string;
  readonly pipeline_name: string;
  readonly target_table: string;
  readonly status: 'running' | 'success' | 'failed' | 'skipped';
  /** `load` where a release did not tell. */
  readonly kind: 'load' | 'replay' | UndoKind;
  /** ISO 8601, UTC. */
  readonly start_time: string;
  /** Null of a run of a release that did not tell. */
  readonly load_mode: string | null;
  readonly table_id: string | null;
  readonly rows_deleted: number;
  readonly closed_by: string | null;
  readonly of_run: string | null;
}

type Written = Omit<PastRun, 'rows_deleted'> & { readonly rows_deleted: string | null };

const pastColumns = `run_id, pipeline_name, target_table, status, COALESCE(kind, 'load') AS kind, start_time, load_mode,
  table_id, rows_deleted, closed_by, of_run`;

function pastRunOf(row: Written): PastRun {
  return {
    ...row,
    start_time: isoTimestamp(row.start_time, timestamptz),
    rows_deleted: Number(row.rows_deleted ?? 0),
  };
}

/** Runs whose id begins like this, at most three; a whole id is found alone. */
export async function findRuns(sql: Statements, prefix: string): Promise<readonly PastRun[]> {
  // Ids are letters, digits, - and _; what follows the last of them in the database's order is ~.
  const rows = await sql.unsafe<Written[]>(
    `SELECT ${pastColumns} FROM public.etl_execution_log
      WHERE run_id >= $1 AND run_id <= $1 || '~' ORDER BY run_id LIMIT 3`,
    [prefix],
  );
  const whole = rows.find((row) => row.run_id === prefix);
  return (whole === undefined ? rows : [whole]).map(pastRunOf);
}

/** The pipeline's last run, of all pipelines where none is named; none before the first. */
export async function findLastRun(sql: Statements, pipelineName: string | undefined): Promise<readonly PastRun[]> {
  const rows = await sql.unsafe<Written[]>(
    `SELECT ${pastColumns} FROM public.etl_execution_log WHERE $1::text IS NULL OR pipeline_name = $1
      ORDER BY start_time DESC, run_id LIMIT 1`,
    [pipelineName ?? null],
  );
  return rows.map(pastRunOf);
}

/** A run that takes rows back or forgets, and has not ended. */
export interface UnfinishedUndo extends PastRun {
  readonly kind: UndoKind;
  /** It has only looked whether it may begin. */
  readonly announced: boolean;
}

/** The runs of a pipeline that take rows back or forget, and have not ended, in the order in which they began. */
export async function findUnfinishedUndos(sql: Statements, pipelineName: string): Promise<readonly UnfinishedUndo[]> {
  const rows = await sql.unsafe<(Written & { readonly stage: string | null })[]>(
    `SELECT ${pastColumns}, stage FROM public.etl_execution_log
      WHERE pipeline_name = $1 AND kind IN ('undo', 'reset', 'forget') AND status IN ('running', 'failed') AND closed_by IS NULL
      ORDER BY COALESCE(epoch, 0), start_time`,
    [pipelineName],
  );
  return rows.flatMap(({ stage, ...row }) => {
    const run = pastRunOf(row);
    return isUndo(run) ? [{ ...run, announced: stage === announcedStage }] : [];
  });
}

function isUndo(run: PastRun): run is PastRun & { readonly kind: UndoKind } {
  return run.kind === 'undo' || run.kind === 'reset' || run.kind === 'forget';
}

/** A pipeline and its table, as its runs have it in the log. */
export interface PipelineTable {
  readonly pipelineName: string;
  readonly targetTable: string;
}

/** Another pipeline, and a run of it. */
export interface OtherPipeline {
  readonly pipeline: string;
  readonly runId: string;
}

/** Other pipelines that take rows of the table back, or were killed while they did, with the first of such runs. */
export async function undosByOthers(sql: Statements, of: PipelineTable): Promise<readonly OtherPipeline[]> {
  const rows = await sql<{ readonly pipeline_name: string; readonly run_id: string }[]>`
    SELECT pipeline_name, min(run_id) AS run_id FROM public.etl_execution_log
     WHERE target_table = ANY(${arrayLiteral(tableSpellings(of.targetTable))}::text[])
       AND pipeline_name <> ${of.pipelineName} AND kind IN ('undo', 'reset') AND status IN ('running', 'failed')
       AND closed_by IS NULL
     GROUP BY pipeline_name ORDER BY pipeline_name`;
  return rows.map((row) => ({ pipeline: row.pipeline_name, runId: row.run_id }));
}

/**
 * Other pipelines that have loaded the table and may be loading it now: a run of theirs is under way by the log, also one
 * that was killed, or somebody has their lease.
 */
export async function loadsByOthers(sql: Statements, of: PipelineTable): Promise<readonly OtherPipeline[]> {
  const rows = await sql<{ readonly pipeline_name: string; readonly run_id: string }[]>`
    SELECT l.pipeline_name, max(l.run_id) AS run_id
      FROM public.etl_execution_log l LEFT JOIN public.etl_state s ON s.pipeline_name = l.pipeline_name
     WHERE l.target_table = ANY(${arrayLiteral(tableSpellings(of.targetTable))}::text[])
       AND l.pipeline_name <> ${of.pipelineName} AND COALESCE(l.kind, 'load') IN ('load', 'replay')
       AND ((l.status = 'running' AND l.closed_by IS NULL) OR s.lease IS NOT NULL)
     GROUP BY l.pipeline_name ORDER BY l.pipeline_name`;
  return rows.map((row) => ({ pipeline: row.pipeline_name, runId: row.run_id }));
}

/** The pipelines whose batches are in a table, with the rows that they found there and changed or left as they were. */
export async function loadersOf(
  sql: Statements,
  targetTable: string,
): Promise<readonly { readonly pipeline: string; readonly overlapping: number }[]> {
  const rows = await sql<{ readonly pipeline_name: string; readonly overlapping: string }[]>`
    SELECT l.pipeline_name, sum(b.rows_loaded - b.rows_inserted) AS overlapping
      FROM public.etl_load_ledger b JOIN public.etl_execution_log l ON l.run_id = b.run_id
     WHERE l.target_table = ANY(${arrayLiteral(tableSpellings(targetTable))}::text[]) AND b.chunk >= 0
     GROUP BY 1 ORDER BY 1`;
  return rows.map((row) => ({ pipeline: row.pipeline_name, overlapping: Number(row.overlapping) }));
}

/**
 * Earlier runs of the same pipeline into the same table that rejected rows, of which another run has made something: those
 * it closed, and of the same content those that failed, or all (`loaded`), or all of any content (`replaced`).
 */
export async function supersededRuns(
  sql: Statements,
  { pipelineName, runId }: { readonly runId: string; readonly pipelineName: string },
  which: 'failed' | 'loaded' | 'replaced',
): Promise<readonly string[]> {
  const rows = await sql<{ readonly run_id: string }[]>`
    SELECT l.run_id FROM public.etl_execution_log l JOIN public.etl_execution_log me ON me.run_id = ${runId}
     WHERE l.pipeline_name = me.pipeline_name AND l.target_table = me.target_table AND l.run_id <> me.run_id
       AND COALESCE(l.kind, 'load') IN ('load', 'replay') AND COALESCE(l.rows_rejected, 1) > 0
       AND (l.closed_by = me.run_id OR ${which} = 'replaced'
            OR (l.source_fingerprint = me.source_fingerprint AND (${which} = 'loaded' OR l.status = 'failed')))
       AND l.run_id IN (SELECT r.run_id FROM public.etl_rejected_row r
                         WHERE r.pipeline_name = ${pipelineName} AND r.settled_at IS NULL)
     ORDER BY l.start_time`;
  return rows.map((row) => row.run_id);
}

/**
 * Whether anything has been written to a table since a run of the pipeline loaded it, by a later run of the pipeline that
 * is not in the list of loads, or by another pipeline, which may be at it.
 *
 * @param after.since  ISO 8601; when the run began that wrote what is in the table
 */
export async function hasWritesAfter(
  sql: Statements,
  of: PipelineTable,
  after: { readonly runId: string; readonly since: string },
): Promise<boolean> {
  const rows = await sql<{ readonly run_id: string }[]>`
    SELECT l.run_id FROM public.etl_execution_log l
     WHERE l.target_table = ANY(${arrayLiteral(tableSpellings(of.targetTable))}::text[]) AND l.run_id <> ${after.runId}
       AND CASE WHEN l.pipeline_name = ${of.pipelineName}
                THEN COALESCE(l.epoch, 0) > (SELECT COALESCE(r.epoch, 0) FROM public.etl_execution_log r
                                              WHERE r.run_id = ${after.runId})
                 AND (COALESCE(l.kind, 'load') NOT IN ('load', 'replay')
                      OR EXISTS (SELECT 1 FROM public.etl_load_ledger b WHERE b.run_id = l.run_id))
                ELSE (l.end_time IS NULL OR l.end_time >= ${after.since}::text::timestamptz) AND l.status <> 'skipped'
                 AND (l.status <> 'success' OR COALESCE(l.rows_loaded, 0) + COALESCE(l.rows_deleted, 0) > 0) END
     LIMIT 1`;
  return rows.length > 0;
}
