import type { Clock } from '../../clock.ts';
import { s3Place } from '../../s3-path.ts';
import type { S3Body, S3Reader } from '../../s3-reader.ts';
import { s3Status } from '../../s3-status.ts';
import type { PinnedFile } from '../request.ts';
import { S3RefusedError, S3UnavailableError, SourceFileChangedError } from './errors.ts';

/** Bytes of one ranged request: AWS recommends 8 to 16 MiB for throughput. */
const rangeBytes = 8 * 1024 * 1024;
/** Ranges under way at once; together they bound the memory of a download. */
const rangesAhead = 4;
/** Waits before a range is asked for again. */
const delaysMs = [1_000, 2_000, 4_000];

export interface S3ReadOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of an object, or some of them, in ranges of 8 MiB, each of the version that was pinned.
 *
 * @param bytes  from one on, up to another one that is left out
 * @throws {SourceFileChangedError} transient: the object was overwritten or removed since it was pinned
 * @throws {S3UnavailableError} transient: a range failed in every attempt
 * @throws {S3RefusedError} terminal: access is denied
 */
export async function* readS3Object(
  s3: S3Reader,
  file: PinnedFile,
  options: S3ReadOptions,
  { from, to } = { from: 0, to: file.bytes },
): AsyncGenerator<Buffer> {
  const ranges: Promise<Buffer>[] = [];
  const aborter = new AbortController();
  const signal = options.signal === undefined ? aborter.signal : AbortSignal.any([aborter.signal, options.signal]);
  let next = from;
  try {
    while (next < to || ranges.length > 0) {
      while (next < to && ranges.length < rangesAhead) {
        const range = readRange(s3, file, next, Math.min(next + rangeBytes, to), { ...options, signal });
        range.catch(() => undefined);
        ranges.push(range);
        next += rangeBytes;
      }
      yield (await ranges.shift()) as Buffer;
    }
  } finally {
    aborter.abort();
  }
}

async function readRange(
  s3: S3Reader,
  file: PinnedFile,
  from: number,
  to: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Buffer> {
  const { bucket, key } = s3Place(file.location);
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await s3.getObject(
        {
          Bucket: bucket,
          Key: key,
          Range: `bytes=${from}-${to - 1}`,
          IfMatch: file.etag,
          VersionId: file.version_id,
        },
        { abortSignal: signal },
      );
      const bytes = await bodyOf(response);
      if (response.ETag !== file.etag) throw new SourceFileChangedError(file.shown);
      if (bytes.length === to - from) return bytes;
      throw new IncompleteRangeError(bytes.length, to - from);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof SourceFileChangedError) throw cause;
      const status = s3Status(cause);
      if (status === 412 || status === 404 || status === 416) throw new SourceFileChangedError(file.shown);
      if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429) {
        throw new S3RefusedError(file.shown, 's3:GetObject', { cause });
      }
      const delay = delaysMs[attempt];
      if (delay === undefined) throw new S3UnavailableError(file.shown, { cause });
      await clock.sleep(delay, signal);
    }
  }
}

async function bodyOf(response: S3Body): Promise<Buffer> {
  const bytes = await response.Body?.transformToByteArray();
  return bytes === undefined ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** S3 sent fewer bytes than were asked for, which is repeated. */
class IncompleteRangeError extends Error {
  override readonly name = 'IncompleteRangeError';

  constructor(got: number, wanted: number) {
    super(`${got} of ${wanted} bytes came`);
  }
}
