import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy, { type MiddyfiedHandler } from '@middy/core';
import type { z } from 'zod';
import { EtlError } from '../../lib/errors.ts';
import { InvalidInputError, UnexpectedError } from './errors.ts';
import { emptyScratch } from './scratch.ts';

/** The part of Lambda's context that the stages need. */
export interface Invocation {
  readonly getRemainingTimeInMillis: () => number;
}

export const logger = new Logger();
export const metrics = new Metrics({ singleMetric: false });
export const tracer = new Tracer();

/**
 * The handler of a stage with its middleware, always in this order: logger, metrics, tracer, event, scratch folder,
 * errors. On an error middy calls them in the reverse order, so the mapped error is what the others log and trace.
 *
 * @throws {InvalidInputError} when the event is not what `schema` says
 */
export function withMiddleware<Event, Response>(
  schema: z.ZodType<Event>,
  stage: (event: Event, invocation: Invocation) => Promise<Response>,
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
  return middy<Event, Response>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use({ after: publishMetrics, onError: publishMetrics })
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .use(parseEvent)
    .use({ before: emptyScratch })
    .use(mapErrors)
    .handler(async (event, context) => {
      const response = await stage(event as Event, context as unknown as Invocation);
      logger.info('ended', { response });
      return response;
    }) as MiddyfiedHandler<Event, Response, Error>;
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
