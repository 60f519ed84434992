import { traitsOf } from '../../lib/config/sources.ts';
import { S3MissingError } from '../../lib/extract/file/errors.ts';
import { listFolder } from '../../lib/extract/file/list-objects.ts';
import { whyNotLoaded } from '../../lib/extract/file/own-object.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { isS3Path, s3Place } from '../../lib/s3-path.ts';
import type { LandedObject } from '../../lib/state/landed-object.ts';
import { InvalidInputError } from './errors.ts';
import type { Execution } from './events.ts';
import { objectIdOf } from './object-event.ts';

/** What one call can list and note in its time. */
const maxListed = 100_000;

/**
 * All objects of a pipeline's own below a prefix, as if they had landed now one after another, in the order in which
 * they were last written.
 *
 * @throws {InvalidInputError} where the pipeline reads no bucket, or the prefix has no object of its own, or too many
 */
export async function listedObjects(
  { pipeline, s3 }: RunContext,
  execution: Execution,
  prefix: string,
): Promise<readonly LandedObject[]> {
  const { name, settings } = pipeline;
  if (s3 === undefined) throw new S3MissingError(prefix);
  const paths = traitsOf(settings).filePaths(settings).filter(isS3Path);
  const buckets = new Set([
    ...(settings.trigger === undefined ? [] : [settings.trigger.bucket]),
    ...paths.map((path) => s3Place(path).bucket),
  ]);
  const objects: LandedObject[] = [];
  for (const bucket of buckets) {
    for await (const object of listFolder(s3, bucket, prefix)) {
      if (whyNotLoaded(settings, { bucket, key: object.key }) !== undefined) continue;
      if (objects.length === maxListed) {
        throw new InvalidInputError(`more than ${maxListed} objects begin with ${prefix}; give a longer prefix`);
      }
      objects.push({
        objectId: objectIdOf(['listed', execution.name, bucket, object.key]),
        bucket,
        key: object.key,
        etag: object.etag?.replaceAll('"', ''),
        bytes: object.bytes,
        eventTime: object.modified.toISOString(),
      });
    }
  }
  if (objects.length === 0) throw new InvalidInputError(`pipeline "${name}" has no object that begins with ${prefix}`);
  return objects;
}
