import type { Transaction } from '../dsql/connect.ts';
import type { Target } from '../dsql/target.ts';
import { maxTransactionRows } from '../limits.ts';
import { type Fence, fenced } from './fence.ts';

/**
 * What a run that loads nothing does: takes back one run; takes back all that its pipeline has loaded into a table and
 * forgets how far it was; forgets that, and leaves the rows.
 */
export type UndoKind = 'undo' | 'reset' | 'forget';

/** A run that takes rows back, when it begins. */
export interface UndoStart {
  readonly runId: string;
  readonly kind: UndoKind;
  readonly pipelineName: string;
  readonly targetTable: string;
  /** The run that an undo takes back. */
  readonly ofRun: string | null;
  readonly trigger: string;
  /** ISO 8601, UTC. */
  readonly startTime: string;
  readonly epoch: number;
}

/** The stage of an undo that looks whether it may begin; as long as it has it, it has changed nothing. */
export const announcedStage = 'check';

/** Logs that rows are about to be taken back, in a transaction that checks the lease: other pipelines begin no load into the table. */
export async function logUndoAnnounced(transaction: Transaction, start: UndoStart): Promise<void> {
  await transaction`
    INSERT INTO public.etl_execution_log
           (run_id, pipeline_name, status, trigger, start_time, target_table, kind, of_run, epoch, stage)
    VALUES (${start.runId}, ${start.pipelineName}, 'running', ${start.trigger}, ${start.startTime}, ${start.targetTable},
            ${start.kind}, ${start.ofRun}, ${start.epoch}, ${announcedStage})
    ON CONFLICT (run_id) DO NOTHING`;
}

/**
 * Logs that rows are being taken back, in a transaction that checks the lease: from now on every run of the pipeline, and
 * every run into the table, finishes it first.
 *
 * @param rows  that it will delete
 */
export async function logUndoStart(transaction: Transaction, runId: string, rows: number): Promise<void> {
  await transaction`UPDATE public.etl_execution_log SET stage = NULL, rows_deleted = ${rows} WHERE run_id = ${runId}`;
}

/** Takes out of the log what was announced and never begun, in a transaction that checks the lease. */
export async function dropAnnounced(transaction: Transaction, pipelineName: string): Promise<void> {
  await transaction`
    DELETE FROM public.etl_execution_log
     WHERE pipeline_name = ${pipelineName} AND kind IN ('undo', 'reset', 'forget') AND status = 'running'
       AND stage = ${announcedStage}`;
}

/** Logs that all is taken back, in a transaction that checks the lease. */
export async function logUndoEnd(transaction: Transaction, runId: string): Promise<void> {
  await transaction`
    UPDATE public.etl_execution_log
       SET status = 'success', end_time = CURRENT_TIMESTAMP, error_code = NULL, error_message = NULL,
           execution_time_seconds = extract(epoch FROM CURRENT_TIMESTAMP - start_time)
     WHERE run_id = ${runId}`;
}

/** Logs that taking back has stopped; the next run of the pipeline, or the same command, goes on. */
export async function logUndoFailure(
  transaction: Transaction,
  runId: string,
  failure: { readonly code: string; readonly message: string },
): Promise<void> {
  await transaction`
    UPDATE public.etl_execution_log
       SET status = 'failed', end_time = CURRENT_TIMESTAMP, error_code = ${failure.code}, error_message = ${failure.message}
     WHERE run_id = ${runId}`;
}

/** Marks all runs of a pipeline into a table as closed by its reset, some in a transaction. Safe to repeat. */
export async function closeRunsOf(
  target: Pick<Target, 'sql' | 'retry'>,
  fence: Fence,
  of: { readonly pipelineName: string; readonly targetTable: string },
  closedBy: string,
): Promise<void> {
  let closed: number;
  do {
    closed = await fenced('Closing earlier runs', target, fence, async (transaction) => {
      const marked = await transaction`
        UPDATE public.etl_execution_log
           SET closed_by = ${closedBy}, error_code = CASE status WHEN 'running' THEN 'abandoned' ELSE error_code END,
               status = CASE status WHEN 'running' THEN 'failed' ELSE status END
         WHERE run_id IN (SELECT run_id FROM public.etl_execution_log
                           WHERE pipeline_name = ${of.pipelineName} AND target_table = ${of.targetTable}
                             AND closed_by IS NULL AND COALESCE(kind, 'load') IN ('load', 'replay')
                           LIMIT ${maxTransactionRows / 2})`;
      return marked.count ?? 0;
    });
  } while (closed > 0);
}

/** Opens rejected rows again of which a run that is taken back had said that nothing has to be done. Safe to repeat. */
export async function reopenRejected(
  target: Pick<Target, 'sql' | 'retry'>,
  fence: Fence,
  settledBy: string,
): Promise<void> {
  let opened: number;
  do {
    opened = await fenced('Opening rejected rows again', target, fence, async (transaction) => {
      const marked = await transaction`
        UPDATE public.etl_rejected_row SET replayed_run_id = NULL, settled_at = NULL, settled_why = NULL
         WHERE rejected_id IN (SELECT rejected_id FROM public.etl_rejected_row
                                WHERE replayed_run_id = ${settledBy} AND settled_at IS NOT NULL LIMIT ${maxTransactionRows / 2})`;
      return marked.count ?? 0;
    });
  } while (opened > 0);
}
