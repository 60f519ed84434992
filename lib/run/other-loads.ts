import { randomUUID } from 'node:crypto';
import { runStatement, type Target } from '../dsql/target.ts';
import { leaseSeconds, releaseLease, takeLease, unstopped } from '../state/lease.ts';
import { loadsByOthers, type PipelineTable } from '../state/run-history.ts';
import { PipelineBusyError } from './errors.ts';

/**
 * Makes sure that no other pipeline loads a table of which rows are about to be taken back: a load beside it could count on
 * rows that are going. A run that was killed while it loaded can write no more afterwards. For an undo that has been
 * announced in the log: a load that begins later finds it there.
 *
 * @param runId  of the undo
 * @throws {PipelineBusyError} terminal: another pipeline is at work
 */
export async function requireNoLoad(target: Target, of: PipelineTable, runId: string): Promise<void> {
  const loads = await runStatement('Reading the execution log', target, () => loadsByOthers(target.sql, of));
  for (const { pipeline, runId: theirs } of loads) {
    const request = { name: pipeline, holder: randomUUID(), runId, seconds: leaseSeconds, pid: target.pid };
    const taken = await runStatement('Taking the lease', target, () => takeLease(target, request));
    if (!('lease' in taken)) {
      const held = taken.heldBy?.run_id ?? theirs;
      throw new PipelineBusyError(pipeline, `it loads ${of.targetTable} too, and run ${held} is under way.`);
    }
    await releaseLease(unstopped(target), taken.lease);
  }
}
