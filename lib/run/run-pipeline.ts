import { ensureServiceTables } from '../load/service-tables.ts';
import { type Lease, takeLease } from './lease.ts';
import type { RunRequest } from './request.ts';
import type { RunResult } from './result.ts';
import { RunUnderWay } from './run-under-way.ts';
import { runStages } from './stages.ts';

/**
 * Runs one pipeline: start, extract, transform, load, record. Never throws for what happens inside the run: a failure is
 * a result, logged in `etl_execution_log` as far as the target can be reached.
 *
 * Killed midway: the next call with the same source finds the run unfinished and finishes it under the same `run_id`;
 * batches in the ledger are not written again.
 */
export async function runPipeline(request: RunRequest): Promise<RunResult> {
  const startTime = request.clock.now();
  const run = new RunUnderWay(request, startTime);
  let lease: Lease | undefined;
  try {
    await run.retried('Preparing the service tables', () => ensureServiceTables(request.sql, request.where, run.retry));
    const outcome = await takeLease(request.sql, request.pipeline.name, run.runId, run.retry);
    if ('heldBy' in outcome)
      return await run.skip('already_running', `Run ${outcome.heldBy} of this pipeline is under way.`);
    lease = outcome.lease;
    const skipped = await run.begin();
    if (skipped !== undefined) return skipped;
    return await runStages(run, lease);
  } catch (error) {
    return await run.fail(error);
  } finally {
    await lease?.release().catch(() => undefined);
  }
}
