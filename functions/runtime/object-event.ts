import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { LandedObject } from '../../lib/state/landed-object.ts';

/** The part of an S3 "Object Created" event that matters (S3 user guide, "EventBridge event message structure"). */
export const objectEventSchema = z.object({
  pipeline: z.string(),
  /** ISO 8601, whole seconds. */
  time: z.iso.datetime({ offset: true }),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      size: z.int().min(0).optional(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});

/** The sequencer orders the events of a key, so with bucket, key and version it names one event for good. */
export function landedOf({ detail, time }: z.infer<typeof objectEventSchema>): LandedObject {
  const { etag, key, sequencer, size, 'version-id': versionId } = detail.object;
  const bucket = detail.bucket.name;
  return {
    objectId: objectIdOf([bucket, key, versionId ?? null, sequencer ?? null]),
    bucket,
    key,
    versionId,
    sequencer,
    etag,
    bytes: size ?? 0,
    eventTime: time,
  };
}

export function objectIdOf(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
