import { EtlError } from '../../lib/errors.ts';
import { readManifest } from '../../lib/extract/raw-objects.ts';
import { recordFailure } from '../../lib/run/record.ts';
import type { RunResult, Stage } from '../../lib/run/result.ts';
import type { Run } from '../../lib/run/run.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { prefixOf } from '../../lib/run/store-keys.ts';
import { findLeased, releaseLease } from '../../lib/state/lease.ts';
import { statusOfRun } from '../../lib/state/run-log.ts';
import { StageFailedError } from './errors.ts';
import type { Execution, Input } from './events.ts';
import type { Failure } from './execution-failure.ts';
import { logger } from './middleware.ts';
import { demandOf } from './pipeline-input.ts';
import { addRunMetrics } from './run-metrics.ts';
import type { Service } from './service.ts';
import { findManifest, loadedRows } from './stage-results.ts';

/** The failure of an execution, and what is known of its run. */
export interface FailedExecution {
  readonly execution: Execution;
  readonly input: Input;
  /** As `record` gave it to the state machine; null where it had not, or where EventBridge reports the end. */
  readonly run: Run | null;
  readonly stage: Stage | undefined;
  readonly failure: Failure;
}

/**
 * Writes the row of a failed run and ends its lease, as far as the target can be reached. Killed midway: the row may be
 * written and the lease still held; a repeat writes the same row.
 *
 * @returns undefined where it could not be logged, or where the run has succeeded
 */
export async function logFailure(service: Service, failed: FailedExecution): Promise<RunResult | undefined> {
  const { execution, failure, input, run: begun, stage } = failed;
  try {
    const context = contextOf(service, input);
    const run = begun ?? (await runOf(context, execution, input));
    if ((await statusOfRun(context.target.sql, run.run_id)) === 'success') return undefined;
    const { outcome, reached } = await outcomeOf(context, run);
    const result = await recordFailure(
      context,
      run,
      outcome,
      stage ?? reached,
      new StageFailedError(failure.code, failure.message),
    );
    await releaseLease(context.target, { name: input.pipeline, holder: execution.id });
    addRunMetrics(result);
    return result;
  } catch (error) {
    logger.error('The failure could not be logged in the target', { error: error as Error });
    return undefined;
  }
}

/** The configured pipeline even where the input's changes to it are what failed. */
function contextOf(service: Service, input: Input): RunContext {
  try {
    return service.contextFor(input);
  } catch (error) {
    if (!(error instanceof EtlError)) throw error;
    return service.contextFor({ pipeline: input.pipeline });
  }
}

/** The run that an execution held the lease for, where the event does not hold it. */
async function runOf(context: RunContext, execution: Execution, input: Input): Promise<Run> {
  const leased = await findLeased(context.target.sql, input.pipeline, execution.id);
  return {
    run_id: leased?.runId ?? input.run_id ?? execution.name,
    trigger: demandOf(input).trigger,
    start_time: execution.start_time,
    resumed: false,
    repeated: false,
    epoch: leased?.epoch ?? 0,
  };
}

/** What the stages had done, by what they left, and the stage that was running. */
async function outcomeOf(
  context: RunContext,
  run: Run,
): Promise<{ readonly outcome: Parameters<typeof recordFailure>[2]; readonly reached: Stage }> {
  const raw = await readManifest(context.store, prefixOf(run));
  const plan = await findManifest(context, run);
  const loaded = { ...(await loadedRows(context, run)), conflict_retries: 0 };
  const outcome = { ...(raw === undefined ? {} : { raw }), ...(plan === undefined ? {} : { plan }), loaded };
  return { outcome, reached: plan !== undefined ? 'load' : raw?.complete === true ? 'transform' : 'extract' };
}
