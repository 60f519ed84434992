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

type FileAccess = Pick<ExtractRequest, 's3' | 'clock' | 'signal'>;

/** A pinned file's bytes, unpacked. */
export async function* openFile(file: PinnedFile, kind: FileKind, request: FileAccess): AsyncGenerator<Buffer> {
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

async function* packedBytes(file: PinnedFile, { clock, s3, signal }: FileAccess): AsyncGenerator<Buffer> {
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

/** Some bytes of a pinned file as it lies, from one on, up to another one that is left out. */
export async function readBytes(
  file: PinnedFile,
  from: number,
  to: number,
  { clock, s3, signal }: FileAccess,
): Promise<Buffer> {
  if (isS3Path(file.location)) {
    if (s3 === undefined) throw new S3MissingError(file.shown);
    const pieces: Buffer[] = [];
    for await (const piece of readS3Object(s3, file, { clock, signal }, { from, to })) pieces.push(piece);
    return Buffer.concat(pieces);
  }
  const handle = await open(file.location).catch((cause: unknown) => {
    throw new SourceFileUnreadableError(file.shown, { cause });
  });
  try {
    const bytes = Buffer.alloc(to - from);
    await handle.read(bytes, 0, bytes.length, from);
    return bytes;
  } finally {
    await handle.close();
  }
}

function isGzipFault(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && /^Z_/.test(cause.code);
}
