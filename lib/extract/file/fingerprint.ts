import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FileSettings } from '../../config/pipeline.ts';
import { isS3Path } from '../../s3-path.ts';
import type { FingerprintRequest, PinnedFile, SourceFingerprint } from '../request.ts';
import { S3MissingError, SourceFileChangedError, SourceFileUnreadableError } from './errors.ts';
import { type FoundFile, findLocalFiles } from './local-files.ts';
import { findS3Files } from './s3-files.ts';

/** Finds the files of a source in order and pins each by its content. Reads local files once. */
export async function fingerprintFiles(
  settings: FileSettings,
  request: FingerprintRequest,
): Promise<SourceFingerprint> {
  if (request.objects !== undefined) {
    const { files } = request.objects;
    return { fingerprint: combine(files.map(digestOf)), files };
  }
  const configured = typeof settings.file_path === 'string' ? [settings.file_path] : settings.file_path;
  const files: PinnedFile[] = [];
  // Paths of a list may overlap; a file that is meant twice is read once, where it is meant first.
  const isNew = ({ location }: FoundFile): boolean => files.every((file) => file.location !== location);
  for (const one of configured) {
    if (isS3Path(one)) {
      if (request.s3 === undefined) throw new S3MissingError(one);
      files.push(...(await findS3Files(request.s3, one)).filter(isNew));
      continue;
    }
    for (const file of (await findLocalFiles(one, request.baseDir)).filter(isNew)) {
      files.push(await pinLocalFile(file, request.signal));
    }
  }
  return { fingerprint: combine(files.map(digestOf)), files };
}

function digestOf({ bytes, etag, sha256 }: PinnedFile): string {
  return sha256 ?? `${etag}:${bytes}`;
}

/** One file's own digest stands for itself, so it equals what `sha256sum` prints. */
function combine(digests: readonly string[]): string {
  const only = digests[0];
  if (digests.length === 1 && only !== undefined && /^[0-9a-f]{64}$/.test(only)) return only;
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}

async function pinLocalFile(file: FoundFile, signal: AbortSignal | undefined): Promise<PinnedFile> {
  const before = await stat(file.location);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file.location, {
      highWaterMark: 1024 * 1024,
      signal,
    }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new SourceFileUnreadableError(file.shown, { cause });
  }
  const pinned = { ...file, bytes, modified_ms: before.mtimeMs, sha256: hash.digest('hex') };
  await assertUnchanged(pinned);
  return pinned;
}

/**
 * What an interrupted run has pinned, as it is now: a file that was written again with the same bytes is still the same
 * file. Unchanged where the content is another one, or is not known.
 */
export function pinnedAgain<P extends Pick<PinnedFile, 'location' | 'modified_ms'>>(
  stored: readonly P[],
  fingerprint: string | null | undefined,
  now: SourceFingerprint | undefined,
): readonly P[] {
  if (now === undefined || now.fingerprint !== fingerprint) return stored;
  const modified = new Map(now.files.map((file) => [file.location, file.modified_ms]));
  return stored.map((one) => (modified.has(one.location) ? { ...one, modified_ms: modified.get(one.location) } : one));
}

/** @throws {SourceFileChangedError} when a local file is no longer the one that was pinned */
export async function assertUnchanged(
  file: Pick<PinnedFile, 'shown' | 'location' | 'bytes'> & { readonly modified_ms?: number | undefined },
): Promise<void> {
  if (file.modified_ms === undefined) return;
  const now = await stat(file.location).catch(() => undefined);
  if (now === undefined || now.size !== file.bytes || now.mtimeMs !== file.modified_ms) {
    throw new SourceFileChangedError(file.shown);
  }
}
