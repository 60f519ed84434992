import type { S3Place } from '../../s3-path.ts';
import type { S3Reader } from '../../s3-reader.ts';
import { s3Status } from '../../s3-status.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import type { PinnedFile } from '../request.ts';
import { refusal, requestsAtOnce } from './list-objects.ts';

/**
 * Objects by their very keys, pinned by size, ETag and version, in the given order; undefined where there is none any more.
 *
 * @throws {S3RefusedError | S3UnavailableError} of the first object that cannot be looked at
 */
export async function pinObjects(
  s3: S3Reader,
  places: readonly S3Place[],
): Promise<readonly (PinnedFile | undefined)[]> {
  return await mapSideBySide(places, requestsAtOnce, (place) => pinOne(s3, place));
}

async function pinOne(s3: S3Reader, { bucket, key }: S3Place): Promise<PinnedFile | undefined> {
  const location = `s3://${bucket}/${key}`;
  try {
    const head = await s3.headObject({ Bucket: bucket, Key: key });
    return {
      shown: location,
      location,
      bytes: head.ContentLength ?? 0,
      etag: head.ETag,
      version_id: head.VersionId,
    };
  } catch (cause) {
    if (s3Status(cause) === 404) return undefined;
    throw refusal(location, 's3:GetObject', cause);
  }
}
