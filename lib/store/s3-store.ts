import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { EtlError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';
import { s3Status } from '../s3-status.ts';
import { StagedObjectMissingError, StoreRefusedError, StoreUnavailableError } from './errors.ts';
import { keyPath } from './key-path.ts';

/** A balance of requests and memory; S3 allows parts of 5 MiB to 5 GiB. */
const defaultPartBytes = 32 * 1024 * 1024;

/** Parts an upload may have (S3 user guide, "Multipart upload limits"). */
const maxParts = 10_000;
/** Parts under way at once; each is held in memory. */
const partsAtOnce = 2;

export interface S3StoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Local folder for downloaded objects and files to be uploaded; made when needed. */
  readonly scratchDir: string;
  /** Files up to this size go in one request; larger ones in parts of at least this size. At least 5 MiB. */
  readonly partBytes?: number | undefined;
  /** Ends the calls that are under way, and all after them, when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The staging bucket as an object store. S3 shows an object when all its bytes are there and is consistent afterwards,
 * so a put needs nothing besides. A large upload that is killed leaves parts nobody sees; the bucket's lifecycle ends them.
 *
 * @throws {StoreUnavailableError} transient: S3 failed in every attempt of the client
 * @throws {StoreRefusedError} terminal: access denied, no such bucket
 * @throws {StagedObjectMissingError} terminal: `localPath`, `getRange` or `copyRange` of an object that is not there
 * @throws the signal's reason, once it is aborted
 */
export function s3Store(options: S3StoreOptions): ObjectStore {
  const { bucket, client, partBytes = defaultPartBytes, scratchDir, signal } = options;
  const localOf = (kind: 'in' | 'out', key: string): string => keyPath(path.join(scratchDir, kind), key);
  const tried = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      signal?.throwIfAborted();
      throw cause instanceof EtlError ? cause : storeError(bucket, key, cause);
    }
  };
  const putBytes = async (key: string, body: Uint8Array | string): Promise<void> => {
    await tried(key, () => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }), heed(signal)));
  };
  const bytesOf = async (key: string, range?: string): Promise<Uint8Array | undefined> =>
    await tried(key, async () => (await getObject(options, key, range))?.transformToByteArray());
  const download = async (key: string, localPath: string, range?: string): Promise<void> =>
    await tried(key, async () => {
      const body = await getObject(options, key, range);
      if (body === undefined) throw new StagedObjectMissingError(bucket, key);
      await pipeline(body as unknown as Readable, createWriteStream(localPath), signal === undefined ? {} : { signal });
    });
  return {
    put: putBytes,
    putFile: async (key, localPath) => {
      const { size } = await stat(localPath);
      if (size <= partBytes) await putBytes(key, await readFile(localPath));
      else await tried(key, () => uploadInParts(options, key, localPath, { size, partBytes }));
      await rm(localPath, { force: true });
    },
    get: async (key) => await bytesOf(key),
    getRange: async (key, from, to) => {
      const bytes = await bytesOf(key, httpRange(from, to));
      if (bytes === undefined) throw new StagedObjectMissingError(bucket, key);
      return bytes;
    },
    localPath: async (key) => {
      const file = localOf('in', key);
      if (await exists(file)) return file;
      await mkdir(path.dirname(file), { recursive: true });
      await download(key, `${file}.new`);
      await rename(`${file}.new`, file);
      return file;
    },
    copyRange: async (key, from, to, localPath) => await download(key, localPath, httpRange(from, to)),
    localFolder: (prefix) => localOf('in', prefix),
    scratchPath: async (key) => {
      const file = localOf('out', key);
      await mkdir(path.dirname(file), { recursive: true });
      return `${file}.part`;
    },
    removeAll: async (prefix) => {
      await tried(prefix, () => removeAll(options, prefix));
    },
  };
}

type Calls = Pick<S3StoreOptions, 'bucket' | 'client' | 'signal'>;

/** What a call of the client is given so that it ends with the signal. */
function heed(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function httpRange(from: number, to: number): string {
  return `bytes=${from}-${to - 1}`;
}

/** An object's body, or the bytes of a range, as HTTP writes it; undefined when there is no object. */
async function getObject({ bucket, client, signal }: Calls, key: string, range: string | undefined) {
  try {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: range });
    return (await client.send(command, heed(signal))).Body;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'NoSuchKey') return undefined;
    throw cause;
  }
}

/** S3 shows nothing of it before it is whole; where it fails, the parts that were sent are taken back. */
async function uploadInParts(
  { bucket, client, signal }: Calls,
  key: string,
  localPath: string,
  { partBytes, size }: { readonly size: number; readonly partBytes: number },
): Promise<void> {
  const partSize = Math.max(partBytes, Math.ceil(size / maxParts));
  const body = createReadStream(localPath, { highWaterMark: 1024 * 1024 });
  const params = { Bucket: bucket, Key: key, Body: body };
  const upload = new Upload({ client, params, partSize, queueSize: partsAtOnce });
  const stop = (): void => void upload.abort();
  signal?.addEventListener('abort', stop);
  try {
    await upload.done();
  } finally {
    signal?.removeEventListener('abort', stop);
    body.destroy();
  }
}

async function removeAll({ bucket, client, signal }: Calls, prefix: string): Promise<void> {
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix.replace(/\/$/, '')}/`, ContinuationToken: token }),
      heed(signal),
    );
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length > 0) {
      const response = await client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
        heed(signal),
      );
      const [failed] = response.Errors ?? [];
      if (failed !== undefined) throw new Error(`${failed.Key} was not deleted: ${failed.Code}`);
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

function storeError(bucket: string, key: string, cause: unknown): Error {
  const status = s3Status(cause);
  const refused = status !== undefined && status >= 400 && status < 500 && ![408, 409, 429].includes(status);
  return refused
    ? new StoreRefusedError(bucket, key, cause instanceof Error ? cause.name : 'refused', { cause })
    : new StoreUnavailableError(bucket, key, { cause });
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
