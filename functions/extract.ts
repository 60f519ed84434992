import { z } from 'zod';
import type { RawManifest } from '../lib/manifest.ts';
import { copyStage, extractStage } from '../lib/run/extract-stage.ts';
import { prefixOf } from '../lib/run/store-keys.ts';
import { areCopiedApart, piecesOf } from '../lib/scatter/pieces.ts';
import { stageShape } from './runtime/events.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { deadlineOf, openService, uploadDeadlineOf } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { requireObjects } from './runtime/stage-results.ts';
import { keepWorkList, type WorkList } from './runtime/work-list.ts';

const service = openService();

const fileSchema = z.strictObject({
  shown: z.string(),
  location: z.string(),
  bytes: z.int().min(0),
  etag: z.string().optional(),
  version_id: z.string().optional(),
});

const eventSchema = z.discriminatedUnion('action', [
  // A state machine of an older deployment names no action.
  z.strictObject({ action: z.literal('extract').optional(), ...stageShape }),
  z.strictObject({
    action: z.literal('copy'),
    ...stageShape,
    items: z.array(z.strictObject({ number: z.int().min(0), file: fileSchema })),
    /** The first items have been done by the calls before. */
    done: z.int().min(0),
  }),
]);

/** How the state machine goes on; every key is always present, because JSONata fails on a missing one. */
interface Extracted extends Pick<RawManifest, 'complete' | 'bytes_read'> {
  readonly parts: number;
  /** The source is cleaned in pieces. */
  readonly scattered: boolean;
  /** Files that others have to copy before it is called again. */
  readonly copy: WorkList | null;
}

/**
 * Reads the source until it is exhausted or the time is nearly up; the state machine calls again until `complete`, and
 * then knows whether the source is cleaned in pieces. Files that have to be copied and are many or large are given to calls
 * of their own, `copy`, each of which may be repeated.
 */
export const handler = withMiddleware(eventSchema, async (event, invocation, signal) => {
  const bounds = { deadline: deadlineOf(invocation), copyDeadline: uploadDeadlineOf(invocation) };
  const held = await holdStage(service, 'extract', event, signal);
  if (event.action === 'copy') {
    return { done: await copyStage(held, event.run, { files: event.items, done: event.done }, bounds) };
  }
  const context = { ...held, objects: await requireObjects(held, event.run) };
  const { settings } = context.pipeline;
  const { scatter_above_mb: aboveMb, scatter_concurrency: functions } = service.config.deploy;
  const lists: WorkList[] = [];
  const copiers = {
    take: (files: readonly { readonly bytes: number }[]) => areCopiedApart(files, settings, aboveMb),
    give: async (files: readonly unknown[]) => {
      lists.push(await keepWorkList({ prefix: prefixOf(event.run), store: held.store }, 'copy', files, functions));
    },
  };
  const raw = await extractStage(context, event.run, { ...bounds, copiers });
  const scattered = raw.complete && piecesOf({ raw, settings }, aboveMb) !== undefined;
  const extracted: Extracted = {
    complete: raw.complete,
    parts: raw.parts.length,
    bytes_read: raw.bytes_read,
    scattered,
    copy: lists[0] ?? null,
  };
  return extracted;
});
