import { runStatement } from '../../lib/dsql/target.ts';
import { EtlError } from '../../lib/errors.ts';
import { readManifest } from '../../lib/extract/raw-objects.ts';
import { findPlan } from '../../lib/run/kept-plan.ts';
import { recordFailure } from '../../lib/run/record.ts';
import type { RunResult, Stage } from '../../lib/run/result.ts';
import { fenceOf, type Run } from '../../lib/run/run.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { settleObjects } from '../../lib/run/settle-objects.ts';
import { prefixOf } from '../../lib/run/store-keys.ts';
import { findLeased, releaseLease } from '../../lib/state/lease.ts';
import { statusOfRun } from '../../lib/state/run-log.ts';
import { IncompleteDeploymentError, StageFailedError } from './errors.ts';
import type { Execution, Input } from './events.ts';
import { type Failure, mayBeOfObjects } from './execution-failure.ts';
import { placeOf } from './execution-place.ts';
import { logger } from './middleware.ts';
import { demandOf, takesObjects } from './pipeline-input.ts';
import { addRunMetrics } from './run-metrics.ts';
import type { Service } from './service.ts';
import { keepDeadLetter } from './set-aside.ts';
import { loadedRows } from './stage-results.ts';

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
export async function logFailure(
  service: Service,
  failed: FailedExecution,
  signal: AbortSignal,
): Promise<RunResult | undefined> {
  const { execution, failure, input, run: begun, stage } = failed;
  try {
    const context = { ...contextOf(service, input, signal), execution: placeOf(service, execution) };
    const run = begun ?? (await runOf(context, execution, input));
    const { target } = context;
    const status = await runStatement('Reading the execution log', target, () => statusOfRun(target.sql, run.run_id));
    if (status === 'success') return undefined;
    const { outcome, reached } = await outcomeOf(context, run);
    const aside = takesObjects(input) ? await settle(service, context, { failure, run, outcome }) : undefined;
    const result = await recordFailure(
      context,
      run,
      outcome,
      stage ?? reached,
      new StageFailedError(failure.code, aside === undefined ? failure.message : `${failure.message} ${aside}`),
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
function contextOf(service: Service, input: Input, signal: AbortSignal): RunContext {
  try {
    return service.contextFor(input, signal);
  } catch (error) {
    if (!(error instanceof EtlError)) throw error;
    return service.contextFor({ pipeline: input.pipeline }, signal);
  }
}

/** Decides what becomes of the run's objects, where it had taken any. @returns what was set aside, in a sentence */
async function settle(
  { environment: { AWS_REGION: region, ETL_DEAD_LETTERS_URL: queueUrl } }: Service,
  context: RunContext,
  {
    failure,
    outcome,
    run,
  }: { readonly failure: Failure; readonly run: Run; readonly outcome: Parameters<typeof recordFailure>[2] },
): Promise<string | undefined> {
  if (run.epoch === 0) return undefined;
  const { rows_inserted = 0, rows_rejected = 0, rows_unchanged = 0, rows_updated = 0 } = outcome.loaded ?? {};
  // With rows in the table the run must be gone on with, over the same objects.
  const begun = rows_inserted + rows_rejected + rows_unchanged + rows_updated > 0;
  const judged = {
    perhapsTheirs: !begun && mayBeOfObjects(failure),
    stopped: failure.code === 'run_aborted',
    message: failure.message,
  };
  return await settleObjects(context, fenceOf(context, run), judged, async (object) => {
    if (queueUrl === undefined) throw new IncompleteDeploymentError('ETL_DEAD_LETTERS_URL is missing');
    await keepDeadLetter({ queueUrl, region }, context.pipeline.name, object, failure);
  });
}

/** The run that an execution held the lease for, where the event does not hold it. */
async function runOf(context: RunContext, execution: Execution, input: Input): Promise<Run> {
  const { target } = context;
  const leased = await runStatement('Reading the lease', target, () =>
    findLeased(target.sql, input.pipeline, execution.id),
  );
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
  const plan = await findPlan(context, run);
  const loaded = { ...(await loadedRows(context, run)), conflict_retries: 0 };
  const outcome = { ...(raw === undefined ? {} : { raw }), ...(plan === undefined ? {} : { plan }), loaded };
  return { outcome, reached: plan !== undefined ? 'load' : raw?.complete === true ? 'transform' : 'extract' };
}
