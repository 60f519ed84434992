import { z } from 'zod';
import { systemClock } from '../lib/clock.ts';
import { webhooksOf } from '../lib/config/webhook.ts';
import { messageOf } from '../lib/errors.ts';
import { ownValue } from '../lib/own-value.ts';
import { type Stage, stages } from '../lib/run/result.ts';
import { type Run, runSchema } from '../lib/run/run.ts';
import { errorOfChild } from './runtime/error-of-child.ts';
import { type Execution, executionSchema, inputSchema } from './runtime/events.ts';
import { type Failure, failureOf } from './runtime/execution-failure.ts';
import { logFailure } from './runtime/log-failure.ts';
import { logger, withMiddleware } from './runtime/middleware.ts';
import { channelText, type Notice, type NoticePlace, sendNotice } from './runtime/notice.ts';
import { openService } from './runtime/service.ts';
import { whileTime } from './runtime/time-limit.ts';
import { postWebhook } from './runtime/webhook.ts';

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

/** Sends the notice of a run's end, and logs a failed run. Called by the state machine, and by EventBridge for runs that no Catch handled. */
export const handler = withMiddleware(eventSchema, async (event, invocation, signal) => {
  // The notice is sent also where the database does not answer.
  const logging = AbortSignal.any([signal, AbortSignal.timeout(Math.floor(invocation.getRemainingTimeInMillis() / 2))]);
  if ('detail' in event) {
    const { cause, error, executionArn, input, name, startDate, status } = event.detail;
    const execution = { id: executionArn, name, start_time: new Date(startDate).toISOString() };
    const failure = failureOf(status, { Error: error ?? undefined, Cause: cause ?? undefined });
    return await fail({ execution, given: parseJson(input ?? null), begun: null, stage: undefined, failure }, logging);
  }
  if (event.action === 'success') {
    const { execution, input, summary } = event;
    await send({ status: 'success', execution, pipeline: input.pipeline, runId: String(summary.run_id), summary });
    return { sent: true };
  }
  const { execution, input, run, stage } = event;
  const error = run === null ? event.error : await errorOfChild(service.store, run, execution.name, event.error);
  return await fail({ execution, given: input, begun: run, stage, failure: failureOf('FAILED', error) }, logging);
});

/** What is known of an execution that failed. */
interface Failed {
  readonly execution: Execution;
  /** Its input, whatever it is. */
  readonly given: unknown;
  readonly begun: Run | null;
  readonly stage: Stage | undefined;
  readonly failure: Failure;
}

/** Logs a failure and sends its notice, also where it could not be logged. */
async function fail(
  { begun, execution, failure, given, stage }: Failed,
  signal: AbortSignal,
): Promise<{ readonly Error: string; readonly Cause: string }> {
  const input = inputSchema.safeParse(given);
  const known = input.success && Object.hasOwn(service.config.pipelines, input.data.pipeline);
  const logged = known
    ? await whileTime(
        signal,
        logFailure(service, { execution, input: input.data, run: begun, stage, failure }, signal),
      ).catch(() => undefined)
    : undefined;
  await send({
    status: 'failed',
    execution,
    pipeline: input.success ? input.data.pipeline : namedPipeline(given),
    runId: logged?.run_id ?? begun?.run_id ?? execution.name,
    stage: logged?.stage ?? stage ?? 'start',
    failure: { ...failure, message: logged?.error_message ?? failure.message },
    summary: logged,
  });
  return { Error: failure.error, Cause: logged?.error_message ?? failure.message };
}

/** The configured pipeline that an input names which is wrong otherwise, so that those who follow it are told. */
function namedPipeline(given: unknown): string {
  const name = z.looseObject({ pipeline: z.string() }).safeParse(given).data?.pipeline;
  return name !== undefined && Object.hasOwn(service.config.pipelines, name) ? name : 'unknown';
}

/** Posts a notice to the channels first, so that the topic's notice tells of those that did not take it. */
async function send(
  given: Omit<Notice, 'stage' | 'failure'> & Partial<Pick<Notice, 'stage' | 'failure'>>,
): Promise<void> {
  const notice: Notice = { stage: 'start', ...given };
  const { AWS_REGION: region, ETL_STAGE: deployStage, ETL_TOPIC_ARN: topic } = service.environment;
  const place = { region, deployStage, topic: topic ?? '' };
  const notTold = await postToChannels(place, notice);
  await sendNotice(place, { ...notice, notTold });
}

/** Why channels did not take a notice, one sentence each. */
async function postToChannels(place: NoticePlace, notice: Notice): Promise<readonly string[]> {
  const { deploy, pipelines } = service.config;
  const webhooks = webhooksOf(deploy.notify, ownValue(pipelines, notice.pipeline)?.notify);
  const outcomes = await Promise.all(
    webhooks.map(async ({ allow_private_addresses: allowPrivate, ...reference }) => {
      try {
        const url = await service.resolveSecret(reference);
        const options = { clock: systemClock, random: Math.random, allowPrivate };
        await postWebhook(url.trim(), channelText(place, notice), reference.secret, options);
        return undefined;
      } catch (error) {
        logger.error('A webhook did not take the notice', { error: error as Error });
        return messageOf(error);
      }
    }),
  );
  return outcomes.filter((sentence) => sentence !== undefined);
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
