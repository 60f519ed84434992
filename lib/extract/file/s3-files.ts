import { nearest } from '../../nearest.ts';
import { isObjectPath, s3Place } from '../../s3-path.ts';
import type { S3Reader } from '../../s3-reader.ts';
import { s3Status } from '../../s3-status.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import type { PinnedFile } from '../request.ts';
import { SourceFileNotFoundError } from './errors.ts';
import { listFolder, refusal, requestsAtOnce } from './list-objects.ts';

/**
 * The objects a path means, pinned by size and ETag: one object, all below a prefix that ends in a slash, or those that
 * match a glob; in the order of their keys. An object that an event or a caller named is taken by its very key.
 *
 * @throws {SourceFileNotFoundError} when there is none, with the nearest key
 */
export async function findS3Files(s3: S3Reader, configured: string): Promise<readonly PinnedFile[]> {
  const { bucket, key } = s3Place(configured);
  if (isObjectPath(configured)) return [await pinObject(s3, `s3://${bucket}/${key}`, bucket, key)];
  const { default: picomatch } = await import('picomatch');
  const { base, isGlob } = picomatch.scan(key);
  if (key !== '' && !key.endsWith('/') && !key.includes('*')) {
    try {
      return [await pinObject(s3, configured, bucket, key)];
    } catch (thrown) {
      // Brackets and braces are also ordinary characters of keys, so the key itself is tried first.
      if (!isGlob || !(thrown instanceof SourceFileNotFoundError)) throw thrown;
    }
  }
  const prefix = isGlob ? prefixOf(key, base) : key;
  const matches = isGlob ? picomatch(key) : () => true;
  const keys: string[] = [];
  for await (const object of listFolder(s3, bucket, prefix, configured)) {
    // Keys that end in a slash are the folders of consoles; they hold nothing.
    if (!object.key.endsWith('/') && matches(object.key)) keys.push(object.key);
  }
  if (keys.length === 0) throw new SourceFileNotFoundError(configured, configured, undefined);
  keys.sort((a, b) => (a < b ? -1 : 1));
  return await mapSideBySide(keys, requestsAtOnce, (one) => pinObject(s3, `s3://${bucket}/${one}`, bucket, one));
}

function prefixOf(key: string, base: string): string {
  return base === '' || !key.startsWith(base) ? '' : `${base}/`;
}

async function pinObject(s3: S3Reader, shown: string, bucket: string, key: string): Promise<PinnedFile> {
  try {
    const head = await s3.headObject({ Bucket: bucket, Key: key });
    return {
      shown,
      location: `s3://${bucket}/${key}`,
      bytes: head.ContentLength ?? 0,
      etag: head.ETag,
      version_id: head.VersionId,
    };
  } catch (cause) {
    if (s3Status(cause) === 404) throw new SourceFileNotFoundError(shown, shown, await nearestKey(s3, bucket, key));
    throw refusal(shown, 's3:GetObject', cause);
  }
}

/** The key in the same folder that was most likely meant; undefined also where listing is not allowed. */
async function nearestKey(s3: S3Reader, bucket: string, key: string): Promise<string | undefined> {
  try {
    const page = await s3.listObjectsV2({ Bucket: bucket, Prefix: key.slice(0, key.lastIndexOf('/') + 1) });
    const near = nearest(
      key,
      (page.Contents ?? []).map((object) => object.Key ?? ''),
    );
    return near === undefined ? undefined : `s3://${bucket}/${near}`;
  } catch {
    return undefined;
  }
}
