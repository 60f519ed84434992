import { z } from 'zod';
import { systemClock } from '../lib/clock.ts';
import { transformStage } from '../lib/run/transform-stage.ts';
import { StageTooSlowError } from './runtime/errors.ts';
import { stageShape } from './runtime/events.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { openService, uploadDeadlineOf } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { requireRaw } from './runtime/stage-results.ts';

const service = openService();

/**
 * Cleans what extract left, into chunks of the staging bucket; the state machine calls again until `complete`. Deciding
 * about the rows takes one call, or says that it cannot; writing them goes on in the next one.
 */
export const handler = withMiddleware(z.strictObject(stageShape), async (event, invocation, signal) => {
  const tooSlow = new StageTooSlowError('transform', 'transform');
  const deadlineFor = uploadDeadlineOf(invocation);
  const context = await holdStage(service, 'transform', event, signal);
  const raw = await requireRaw(context, event.run);
  const written = await transformStage(context, event.run, raw, (checkpointBytes) =>
    AbortSignal.timeout(Math.max(0, deadlineFor(checkpointBytes).getTime() - systemClock.now().getTime())),
  ).catch((error: unknown) => {
    throw signal.aborted ? tooSlow : error;
  });
  if (written.status === 'no_progress') throw tooSlow;
  if (written.status === 'paused') return { complete: false };
  return { complete: true, chunks: written.manifest.chunks.length, ...written.manifest.counts };
});
