import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isS3Path } from '../../s3-path.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { ZstdError, zstdDecompress } from '../zstd-stream.ts';
import { DamagedFileError, S3MissingError, SourceFileUnreadableError } from './errors.ts';
import type { FileKind } from './file-kind.ts';
import { readS3Object } from './s3-object.ts';

/** Bytes read from a disk at once. */
const blockBytes = 1024 * 1024;

/** A pinned file's bytes, unpacked. */
export async function* openFile(
  file: PinnedFile,
  kind: FileKind,
  request: Pick<ExtractRequest, 's3' | 'clock' | 'signal'>,
): AsyncGenerator<Buffer> {
  const packed = packedBytes(file, request);
  if (kind.compression === 'none') {
    yield* packed;
    return;
  }
  const unpack = kind.compression === 'gzip' ? createGunzip({ chunkSize: blockBytes }) : zstdDecompress();
  const source = Readable.from(packed, { objectMode: false, highWaterMark: blockBytes });
  source.once('error', (error) => unpack.destroy(error));
  try {
    yield* source.pipe(unpack) as AsyncIterable<Buffer>;
  } catch (cause) {
    if (cause instanceof ZstdError || isGzipFault(cause))
      throw new DamagedFileError(file.shown, kind.compression, { cause });
    throw cause;
  } finally {
    source.destroy();
    unpack.destroy();
  }
}

async function* packedBytes(
  file: PinnedFile,
  { clock, s3, signal }: Pick<ExtractRequest, 's3' | 'clock' | 'signal'>,
): AsyncGenerator<Buffer> {
  if (isS3Path(file.location)) {
    if (s3 === undefined) throw new S3MissingError(file.shown);
    yield* readS3Object(s3, file, { clock, signal });
    return;
  }
  try {
    yield* createReadStream(file.location, { highWaterMark: blockBytes, signal }) as AsyncIterable<Buffer>;
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new SourceFileUnreadableError(file.shown, { cause });
  }
}

/** The first bytes of a local file, and its last. */
export async function readEnds(
  file: PinnedFile,
  length: number,
): Promise<{ readonly head: Buffer; readonly tail: Buffer }> {
  const handle = await open(file.location).catch((cause: unknown) => {
    throw new SourceFileUnreadableError(file.shown, { cause });
  });
  try {
    const head = Buffer.alloc(Math.min(length, file.bytes));
    await handle.read(head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(8, file.bytes));
    await handle.read(tail, 0, tail.length, file.bytes - tail.length);
    return { head, tail };
  } finally {
    await handle.close();
  }
}

function isGzipFault(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && /^Z_/.test(cause.code);
}
