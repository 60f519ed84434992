import { z } from 'zod';
import { runStatement } from '../lib/dsql/target.ts';
import { whyNotLoaded } from '../lib/extract/file/own-object.ts';
import { ownValue } from '../lib/own-value.ts';
import { type LandedObject, noteObjects, waitedMinutes } from '../lib/state/landed-object.ts';
import { IncompleteDeploymentError } from './runtime/errors.ts';
import { executionSchema, inputSchema } from './runtime/events.ts';
import { listedObjects } from './runtime/listed-objects.ts';
import { logger, withMiddleware } from './runtime/middleware.ts';
import { startNextRun } from './runtime/next-run.ts';
import { landedOf, objectEventSchema } from './runtime/object-event.ts';
import { addOverdueObjects } from './runtime/run-metrics.ts';
import { openService } from './runtime/service.ts';

const service = openService();

const eventSchema = z.union([
  /** Of a pipeline's queue: what an EventBridge rule has put there. */
  z.looseObject({ Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })) }),
  z.strictObject({ action: z.literal('list'), execution: executionSchema, input: inputSchema }),
  z.strictObject({ action: z.literal('next'), pipeline: z.string() }),
  z.strictObject({ action: z.literal('sweep') }),
]);

type Message = { readonly messageId: string; readonly body: string };

/**
 * Notes objects that landed in S3, from the queue or from a listing, and starts a run for those that wait: when they
 * land, when a run has ended, and from time to time, for whatever was killed in between.
 */
export const handler = withMiddleware(eventSchema, async (event, _, signal) => {
  if ('Records' in event) return await noteMessages(event.Records, signal);
  switch (event.action) {
    case 'list': {
      const { input } = event;
      const context = service.contextFor(input, signal);
      const objects = await listedObjects(context, event.execution, input.prefix ?? '');
      return { noted: await noteObjects(context.target, input.pipeline, objects) };
    }
    case 'next':
      return { started: await next(event.pipeline, signal) };
    case 'sweep': {
      const triggered = Object.entries(service.config.pipelines).filter(([, { trigger }]) => trigger !== undefined);
      const started: string[] = [];
      for (const [pipeline] of triggered) {
        if (await next(pipeline, signal)) started.push(pipeline);
        const { target } = service.contextFor({ pipeline }, signal);
        const waited = await runStatement('Reading the objects', target, () => waitedMinutes(target.sql, pipeline));
        if (waited > service.config.deploy.alarms.queue_age_minutes) addOverdueObjects();
      }
      return { started };
    }
  }
});

async function next(pipeline: string, signal: AbortSignal): Promise<boolean> {
  const { AWS_REGION: region, ETL_STATE_MACHINE_ARN: machine } = service.environment;
  if (machine === undefined) throw new IncompleteDeploymentError('ETL_STATE_MACHINE_ARN is missing');
  return await startNextRun({ region, machine }, service.contextFor({ pipeline }, signal));
}

/**
 * Notes the objects of these messages. Those that cannot be read stay in the queue, which sets them aside after a while.
 *
 * @returns what SQS calls a partial batch response
 */
async function noteMessages(messages: readonly Message[], signal: AbortSignal): Promise<object> {
  const landed = new Map<string, LandedObject[]>();
  const unreadable: Message[] = [];
  for (const message of messages) {
    const parsed = objectEventSchema.safeParse(parseJson(message.body));
    const settings = parsed.success ? ownValue(service.config.pipelines, parsed.data.pipeline) : undefined;
    if (!parsed.success || settings === undefined) {
      logger.error('A message is no event of an object', { messageId: message.messageId });
      unreadable.push(message);
      continue;
    }
    const object = landedOf(parsed.data);
    const reason = whyNotLoaded(settings, object);
    if (reason !== undefined) {
      logger.info('An object is not loaded', { bucket: object.bucket, key: object.key, reason });
      continue;
    }
    const { pipeline } = parsed.data;
    landed.set(pipeline, [...(landed.get(pipeline) ?? []), object]);
  }
  for (const [pipeline, objects] of landed) {
    await noteObjects(service.contextFor({ pipeline }, signal).target, pipeline, objects);
    await next(pipeline, signal);
  }
  return { batchItemFailures: unreadable.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
