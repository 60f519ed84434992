import { TerminalError, TransientError } from '../errors.ts';
import type { RunCounts } from '../state/run-log.ts';

/** The counts of a run do not add up: a row would be lost or doubled without anyone noticing. */
export class CountsMismatchError extends TerminalError {
  override readonly name = 'CountsMismatchError';
  readonly code = 'counts_mismatch';

  constructor(counts: RunCounts) {
    super(
      `The counts do not add up: ${counts.rows_read} rows read, but ${counts.rows_filtered} filtered + ` +
        `${counts.rows_deduplicated} deduplicated + ${counts.rows_rejected} rejected + ${counts.rows_loaded} loaded. ` +
        'The run is not a success; keep its files and report this.',
    );
  }
}

/** Rows of an earlier run are in the table, and a new run would add them again. */
export class EarlierRunError extends TerminalError {
  override readonly name = 'EarlierRunError';
  readonly code = 'earlier_run';

  constructor({ runId, table, why }: { readonly runId: string; readonly table: string; readonly why: string }) {
    super(
      `Run ${runId} has loaded rows into ${table} and cannot be gone on with, because ${why}; its rows cannot be told from ` +
        'others exactly, so nothing was written. Look at the table, delete what the run has loaded (etl_load_ledger has the ' +
        'times of its batches in loaded_at) or keep it, and say that this is settled: ' +
        `UPDATE public.etl_execution_log SET closed_by = 'by hand' WHERE run_id = '${runId}'. Then run again.`,
    );
  }
}

/** A run cannot be taken back exactly, or there is nothing of it to take back. */
export class UndoRefusedError extends TerminalError {
  override readonly name = 'UndoRefusedError';
  readonly code = 'undo_refused';

  constructor(what: string, why: string, remedy: string) {
    super(`${what} cannot be taken back exactly: ${why}. Nothing was changed. ${remedy}`);
  }
}

/** Another run has the pipeline's lease; a person tries again, no program does. */
export class PipelineBusyError extends TerminalError {
  override readonly name = 'PipelineBusyError';
  readonly code = 'pipeline_busy';

  constructor(pipeline: string, message: string) {
    super(`Pipeline ${pipeline} is at work: ${message} Nothing was changed. Wait until it has ended, and try again.`);
  }
}

/** Rows of the table are being taken back for another pipeline, and a load beside it could count on rows that are going. */
export class UndoUnderWayError extends TransientError {
  override readonly name = 'UndoUnderWayError';
  readonly code = 'undo_under_way';

  constructor(table: string, pipeline: string, runId: string) {
    super(
      `Run ${runId} of pipeline ${pipeline} is taking back rows of ${table}. Nothing was loaded. Run again when it has ended, ` +
        'or wait for it with --wait.',
    );
  }
}

/** Rejected rows of a run cannot be run again. */
export class ReplayRefusedError extends TerminalError {
  override readonly name = 'ReplayRefusedError';
  readonly code = 'replay_refused';

  constructor(runId: string, why: string, remedy: string) {
    super(`Rejected rows of run ${runId} cannot be run again: ${why}. Nothing was changed. ${remedy}`);
  }
}
