import { EtlError } from '../../errors.ts';
import type { S3Reader } from '../../s3-reader.ts';
import { s3Status } from '../../s3-status.ts';
import { S3RefusedError, S3UnavailableError } from './errors.ts';

/** Looks at objects that are under way at once; a prefix of S3 answers 5,500 requests a second. */
export const requestsAtOnce = 16;

interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  readonly etag?: string | undefined;
  readonly modified: Date;
}

/**
 * All objects whose keys begin with a prefix, in the order of their keys.
 *
 * @param shown  names the place in errors
 * @throws {S3RefusedError | S3UnavailableError}
 */
export async function* listFolder(
  s3: S3Reader,
  bucket: string,
  prefix: string,
  shown = `s3://${bucket}/${prefix}`,
): AsyncGenerator<ListedObject> {
  let token: string | undefined;
  do {
    const page = await s3
      .listObjectsV2({ Bucket: bucket, Prefix: prefix, ContinuationToken: token })
      .catch((cause: unknown) => {
        throw refusal(shown, 's3:ListBucket', cause);
      });
    for (const { ETag: etag, Key: key, LastModified: modified, Size: bytes } of page.Contents ?? []) {
      if (key !== undefined) yield { key, bytes: bytes ?? 0, etag, modified: modified ?? new Date(0) };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** What a request that failed means: access that is denied, or a service that cannot be reached now; an error of ours as it is. */
export function refusal(shown: string, action: string, cause: unknown): Error {
  if (cause instanceof EtlError) return cause;
  const status = s3Status(cause);
  return status !== undefined && status >= 400 && status < 500 && status !== 429
    ? new S3RefusedError(shown, action, { cause })
    : new S3UnavailableError(shown, { cause });
}
