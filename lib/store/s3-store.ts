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
}

/**
 * The staging bucket as an object store. S3 shows an object when all its bytes are there and is consistent afterwards,
 * so a put needs nothing besides. A large upload that is killed leaves parts nobody sees; the bucket's lifecycle ends them.
 *
 * @throws {StoreUnavailableError} transient: S3 failed in every attempt of the client
 * @throws {StoreRefusedError} terminal: access denied, no such bucket
 * @throws {StagedObjectMissingError} terminal: `localPath`, `getRange` or `copyRange` of an object that is not there
 */
export function s3Store({ bucket, client, partBytes = defaultPartBytes, scratchDir }: S3StoreOptions): ObjectStore {
  const localOf = (kind: 'in' | 'out', key: string): string => keyPath(path.join(scratchDir, kind), key);
  const tried = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw storeError(bucket, key, cause);
    }
  };
  const putBytes = async (key: string, body: Uint8Array | string): Promise<void> => {
    await tried(key, () => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body })));
  };
  return {
    put: putBytes,
    putFile: async (key, localPath) => {
      const { size } = await stat(localPath);
      if (size <= partBytes) await putBytes(key, await readFile(localPath));
      else await tried(key, () => uploadInParts(client, { bucket, key }, localPath, size, partBytes));
      await rm(localPath, { force: true });
    },
    get: async (key) => {
      const response = await getObject(client, bucket, key);
      return response === undefined ? undefined : await tried(key, () => response.transformToByteArray());
    },
    getRange: async (key, from, to) => {
      const response = await getObject(client, bucket, key, `bytes=${from}-${to - 1}`);
      if (response === undefined) throw new StagedObjectMissingError(bucket, key);
      return await tried(key, () => response.transformToByteArray());
    },
    localPath: async (key) => {
      const file = localOf('in', key);
      if (await exists(file)) return file;
      const response = await getObject(client, bucket, key);
      if (response === undefined) throw new StagedObjectMissingError(bucket, key);
      await mkdir(path.dirname(file), { recursive: true });
      await tried(key, () => pipeline(response as unknown as Readable, createWriteStream(`${file}.new`)));
      await rename(`${file}.new`, file);
      return file;
    },
    copyRange: async (key, from, to, localPath) => {
      const response = await getObject(client, bucket, key, `bytes=${from}-${to - 1}`);
      if (response === undefined) throw new StagedObjectMissingError(bucket, key);
      await tried(key, () => pipeline(response as unknown as Readable, createWriteStream(localPath)));
    },
    localFolder: (prefix) => localOf('in', prefix),
    scratchPath: async (key) => {
      const file = localOf('out', key);
      await mkdir(path.dirname(file), { recursive: true });
      return `${file}.part`;
    },
    removeAll: async (prefix) => {
      await tried(prefix, () => removeAll(client, bucket, prefix));
    },
  };
}

/** An object's body, or the bytes of a range, as HTTP writes it; undefined when there is no object. */
async function getObject(client: Pick<S3Client, 'send'>, bucket: string, key: string, range?: string) {
  try {
    const response = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
    return response.Body;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'NoSuchKey') return undefined;
    throw storeError(bucket, key, cause);
  }
}

/** S3 shows nothing of it before it is whole; where it fails, the parts that were sent are taken back. */
async function uploadInParts(
  client: S3Client,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  localPath: string,
  size: number,
  partBytes: number,
): Promise<void> {
  const partSize = Math.max(partBytes, Math.ceil(size / maxParts));
  const body = createReadStream(localPath, { highWaterMark: 1024 * 1024 });
  const params = { Bucket: bucket, Key: key, Body: body };
  try {
    await new Upload({ client, params, partSize, queueSize: partsAtOnce }).done();
  } finally {
    body.destroy();
  }
}

async function removeAll(client: Pick<S3Client, 'send'>, bucket: string, prefix: string): Promise<void> {
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix.replace(/\/$/, '')}/`, ContinuationToken: token }),
    );
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length > 0) {
      const response = await client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
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
