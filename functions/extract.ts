import { z } from 'zod';
import { extractStage } from '../lib/run/extract-stage.ts';
import { piecesOf } from '../lib/scatter/pieces.ts';
import { stageShape } from './runtime/events.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { deadlineOf, openService } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { requireObjects } from './runtime/stage-results.ts';

const service = openService();

/**
 * Reads the source until it is exhausted or the time is nearly up; the state machine calls again until `complete`, and
 * then knows whether the source is cleaned in pieces.
 */
export const handler = withMiddleware(z.strictObject(stageShape), async (event, invocation, signal) => {
  const held = await holdStage(service, 'extract', event, signal);
  const context = { ...held, objects: await requireObjects(held, event.run) };
  const raw = await extractStage(context, event.run, deadlineOf(invocation));
  const { settings } = context.pipeline;
  const scattered = raw.complete && piecesOf({ raw, settings }, service.config.deploy.scatter_above_mb) !== undefined;
  return { complete: raw.complete, parts: raw.parts.length, bytes_read: raw.bytes_read, scattered };
});
