import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy, { type MiddyfiedHandler } from '@middy/core';
import { z } from 'zod';
import { systemClock } from '../../lib/clock.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { EtlError } from '../../lib/errors.ts';
import { metricNamespace, runMetrics } from '../../lib/metric-names.ts';
import { InvalidInputError, UnexpectedError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { emptyScratch } from './scratch.ts';
import { withinTime } from './time-limit.ts';

export const logger = new Logger();
export const metrics = new Metrics({
  namespace: metricNamespace,
  serviceName: readEnvironment().variable('ETL_SERVICE') ?? 'dsql-etl',
});
export const tracer = new Tracer();

/**
 * The handler of a stage with its middleware, always in this order: logger, metrics, tracer, event, keys of the log,
 * seconds, errors. On an error middy calls them in the reverse order, so the mapped error is what the others log and trace.
 * The limit of time is ours: middy's is 5 ms before Lambda's, and its error is none that the state machine knows.
 *
 * @param stage  its signal is aborted when it has to stop
 * @throws {InvalidInputError} when the event is not what `schema` says
 */
export function withMiddleware<Event, Response>(
  schema: z.ZodType<Event>,
  stage: (event: Event, invocation: Invocation, signal: AbortSignal) => Promise<Response>,
): MiddyfiedHandler<Event, Response, Error> {
  const parseEvent = {
    before: (request: { event: unknown }): void => {
      const parsed = schema.safeParse(request.event);
      if (!parsed.success) throw new InvalidInputError(describe(parsed.error.issues));
      request.event = parsed.data;
    },
  };
  const mapErrors = {
    onError: (request: { error: Error | null }): void => {
      request.error = wireError(request.error);
    },
  };
  return middy<Event, Response>({ timeoutEarlyInMillis: 0 })
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use({ after: publishMetrics, onError: publishMetrics })
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(parseEvent)
    .use({ before: nameRun })
    .use(countSeconds())
    .use(mapErrors)
    .handler(async (event, context) => {
      const invocation = context as unknown as Invocation;
      const response = await withinTime(invocation, async (signal) => {
        await emptyScratch();
        return await stage(event as Event, invocation, signal);
      });
      logger.info('ended', { response });
      return response;
    }) as MiddyfiedHandler<Event, Response, Error>;
}

const runEventSchema = z.object({
  execution: z.object({ name: z.string() }),
  input: z.object({ pipeline: z.string() }),
});

/** Every line of the log names execution and pipeline, so that a run's lines can be found in the logs of all functions. */
function nameRun({ event }: { readonly event: unknown }): void {
  const run = runEventSchema.safeParse(event).data;
  if (run !== undefined) logger.appendKeys({ execution: run.execution.name, pipeline: run.input.pipeline });
}

/** Counts how long a call of extract, transform, scatter or load worked for its pipeline, also where it failed. */
function countSeconds(): {
  readonly before: () => void;
  readonly after: (request: { readonly event: unknown }) => void;
  readonly onError: (request: { readonly event: unknown }) => void;
} {
  const fn = readEnvironment().variable('POWERTOOLS_SERVICE_NAME') ?? '';
  // Its steps are the transform of a large source.
  const stage = fn === 'scatter' ? 'transform' : fn;
  const metric = runMetrics.find((name) => name.toLowerCase() === `${stage}seconds`);
  let began = 0;
  const count = ({ event }: { readonly event: unknown }): void => {
    const run = runEventSchema.safeParse(event).data;
    if (metric === undefined || run === undefined) return;
    metrics.addDimension('pipeline', run.input.pipeline);
    metrics.addMetric(metric, MetricUnit.Seconds, (systemClock.now().getTime() - began) / 1000);
  };
  return {
    before: () => {
      began = systemClock.now().getTime();
    },
    after: count,
    onError: count,
  };
}

/** Most calls measure nothing, and the library's own middleware would warn of each. */
function publishMetrics(): void {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}

/**
 * An error as it leaves the function: one of ours, by its literal name, with its code behind the message, because Lambda
 * passes on nothing but name and message.
 */
export function wireError(thrown: unknown): EtlError {
  const error = thrown instanceof EtlError ? thrown : new UnexpectedError(thrown);
  logger.error(error.message, { error, code: error.code });
  error.message = `${error.message} [${error.code}]`;
  return error;
}

function describe(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`))
    .join('; ');
}
