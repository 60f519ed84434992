import { z } from 'zod';
import { EtlError } from '../lib/errors.ts';
import { readManifest } from '../lib/extract/raw-objects.ts';
import { recordFailure } from '../lib/run/record.ts';
import { type RunResult, type Stage, stages } from '../lib/run/result.ts';
import { type Run, runSchema } from '../lib/run/run.ts';
import type { RunContext } from '../lib/run/run-context.ts';
import { prefixOf } from '../lib/run/store-keys.ts';
import { findLeased, releaseLease } from '../lib/state/lease.ts';
import { statusOfRun } from '../lib/state/run-log.ts';
import { StageFailedError } from './runtime/errors.ts';
import { type Execution, executionSchema, type Input, inputSchema } from './runtime/events.ts';
import { type Failure, failureOf } from './runtime/execution-failure.ts';
import { logger, withMiddleware } from './runtime/middleware.ts';
import { type Notice, sendNotice } from './runtime/notice.ts';
import { demandOf } from './runtime/pipeline-input.ts';
import { addRunMetrics } from './runtime/run-metrics.ts';
import { openService } from './runtime/service.ts';
import { findManifest, loadedRows } from './runtime/stage-results.ts';

const service = openService();

const stageSchema = z.enum(stages);

const eventSchema = z.union([
  z.strictObject({
    action: z.literal('failure'),
    execution: executionSchema,
    input: z.unknown(),
    run: runSchema.nullable(),
    stage: stageSchema,
    error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }),
  }),
  z.strictObject({
    action: z.literal('success'),
    execution: executionSchema,
    input: inputSchema,
    summary: z.looseObject({}),
  }),
  /** EventBridge, "Step Functions Execution Status Change": what no Catch sees. */
  z.looseObject({
    source: z.literal('aws.states'),
    detail: z.looseObject({
      executionArn: z.string(),
      name: z.string(),
      status: z.string(),
      /** ms since 1970. */
      startDate: z.number(),
      input: z.string().nullish(),
      error: z.string().nullish(),
      cause: z.string().nullish(),
    }),
  }),
]);

/** Tells people how a run ended, and writes a failed run's row. Called by the state machine, and for runs that ended without it. */
export const handler = withMiddleware(eventSchema, async (event) => {
  if ('detail' in event) {
    const { cause, error, executionArn, input, name, startDate, status } = event.detail;
    const execution = { id: executionArn, name, start_time: new Date(startDate).toISOString() };
    const failure = failureOf(status, { Error: error ?? undefined, Cause: cause ?? undefined });
    return await fail(execution, parseJson(input ?? null), null, undefined, failure);
  }
  if (event.action === 'success') {
    const { execution, input, summary } = event;
    await send({ status: 'success', execution, pipeline: input.pipeline, runId: String(summary.run_id), summary });
    return { sent: true };
  }
  return await fail(event.execution, event.input, event.run, event.stage, failureOf('FAILED', event.error));
});

/** Logs a failure as far as the target can be reached, ends the lease, and tells people; the telling comes in any case. */
async function fail(
  execution: Execution,
  given: unknown,
  begun: Run | null,
  stage: Stage | undefined,
  failure: Failure,
): Promise<{ readonly Error: string; readonly Cause: string }> {
  const input = inputSchema.safeParse(given);
  const known = input.success && Object.hasOwn(service.config.pipelines, input.data.pipeline);
  const logged = known ? await log(execution, input.data, begun, stage, failure) : undefined;
  await send({
    status: 'failed',
    execution,
    pipeline: input.success ? input.data.pipeline : 'unknown',
    runId: logged?.run_id ?? begun?.run_id ?? execution.name,
    stage: logged?.stage ?? stage ?? 'start',
    failure,
    summary: logged,
  });
  return { Error: failure.error, Cause: failure.message };
}

async function log(
  execution: Execution,
  input: Input,
  begun: Run | null,
  stage: Stage | undefined,
  failure: Failure,
): Promise<RunResult | undefined> {
  try {
    const context = contextOf(input);
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
function contextOf(input: Input): RunContext {
  try {
    return service.contextFor(input);
  } catch (error) {
    if (!(error instanceof EtlError)) throw error;
    return service.contextFor({ pipeline: input.pipeline });
  }
}

/** The run of an execution that cannot say it any more: the one it held the lease for. */
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

/** What the stages had done, by what they left; it also tells which stage was under way. */
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

async function send(
  notice: Omit<Notice, 'stage' | 'failure'> & Partial<Pick<Notice, 'stage' | 'failure'>>,
): Promise<void> {
  const { AWS_REGION: region, ETL_STAGE: deployStage, ETL_TOPIC_ARN: topic } = service.environment;
  await sendNotice({ region, deployStage, topic: topic ?? '' }, { stage: 'start', ...notice });
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
