import { randomUUID } from 'node:crypto';
import { runStatement } from '../dsql/target.ts';
import { keepLease, leaseSeconds, takeLease } from '../state/lease.ts';
import { type PipelineTable, undosByOthers } from '../state/run-history.ts';
import { UndoUnderWayError } from './errors.ts';
import { finishUndos, type UndoContext } from './undo.ts';

/** How often a run that waits for another one looks whether it has ended. */
export const waitPollMs = 1_000;

/**
 * Finishes what other pipelines have begun to take back of a table and nobody goes on with. For a run that has been logged: an
 * undo that begins later finds it there.
 *
 * @param wait  wait for an undo that somebody is at
 * @throws {UndoUnderWayError} transient: somebody is at one, and the run does not wait
 */
export async function settleOthersUndos(
  context: UndoContext,
  of: PipelineTable,
  runId: string,
  wait: boolean,
): Promise<void> {
  const { clock, signal } = context.target.retry;
  for (;;) {
    try {
      await finishOthersUndos(context, of, runId);
      return;
    } catch (error) {
      if (!(error instanceof UndoUnderWayError) || !wait) throw error;
      await clock.sleep(waitPollMs, signal);
    }
  }
}

async function finishOthersUndos(context: UndoContext, of: PipelineTable, runId: string): Promise<void> {
  const { target } = context;
  const undos = await runStatement('Reading the execution log', target, () => undosByOthers(target.sql, of));
  for (const { pipeline, runId: undo } of undos) {
    const request = { name: pipeline, holder: randomUUID(), runId, seconds: leaseSeconds, pid: target.pid };
    const taken = await runStatement('Taking the lease', target, () => takeLease(target, request));
    if (!('lease' in taken)) throw new UndoUnderWayError(of.targetTable, pipeline, undo);
    const kept = keepLease(target, taken.lease);
    try {
      await finishUndos(context, taken.lease, pipeline);
    } finally {
      await kept.release().catch(() => undefined);
    }
  }
}
