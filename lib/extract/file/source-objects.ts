import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RawPart } from '../../manifest.ts';
import type { ObjectStore } from '../../object-store.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { S3MissingError, SourceFileChangedError, SourceObjectChangedError } from './errors.ts';
import { readBytes } from './open-file.ts';
import { readS3Object } from './s3-object.ts';

export interface SourceObjectsOptions extends Pick<ExtractRequest, 's3' | 'clock' | 'signal'> {
  /** Local folder for whole objects; made when needed, and to be removed by the caller. */
  readonly folder: string;
}

/**
 * The store of a run in which the objects of its source that were not copied can be read too, by the locations of their
 * parts. Every request is for the version that was pinned, so nothing that is read is of two versions.
 *
 * @throws {S3MissingError} terminal: there are such objects and nothing that reads them
 * @throws {SourceObjectChangedError} terminal, when bytes are asked for: the object is not the one that was pinned
 */
export function withSourceObjects(
  store: ObjectStore,
  parts: readonly RawPart[],
  { clock, folder, s3, signal }: SourceObjectsOptions,
): ObjectStore {
  const objects = new Map(
    parts.flatMap(({ bytes, location, object, source }) =>
      object === undefined ? [] : [[location, { shown: source, location, bytes, ...object }] as const],
    ),
  );
  const [first] = objects.values();
  if (first === undefined) return store;
  if (s3 === undefined) throw new S3MissingError(first.shown);
  const unchanged = async <T>(object: PinnedFile, read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw error instanceof SourceFileChangedError ? new SourceObjectChangedError(object.shown) : error;
    }
  };
  const copy = async (object: PinnedFile, localPath: string, range?: { from: number; to: number }): Promise<void> =>
    await unchanged(object, async () => {
      const bytes = Readable.from(readS3Object(s3, object, { clock, signal }, range), { objectMode: false });
      await pipeline(bytes, createWriteStream(localPath, { mode: 0o600 }));
    });
  const inTurn = oneByOne();
  const whole = async (object: PinnedFile): Promise<string> => {
    const file = path.join(folder, nameOf(object));
    if (await exists(file)) return file;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const fetch = async (): Promise<void> => await copy(object, `${file}.new`);
    // A small one is one request; the requests of large ones would together take much memory.
    await (object.bytes <= smallBytes ? fetch() : inTurn(fetch));
    await rename(`${file}.new`, file);
    return file;
  };
  return {
    ...store,
    getRange: async (key, from, to) => {
      const object = objects.get(key);
      if (object === undefined) return await store.getRange(key, from, to);
      return await unchanged(object, () => readBytes(object, from, to, { clock, s3, signal }));
    },
    localPath: async (key) => {
      const object = objects.get(key);
      return object === undefined ? await store.localPath(key) : await whole(object);
    },
    copyRange: async (key, from, to, localPath) => {
      const object = objects.get(key);
      await (object === undefined ? store.copyRange(key, from, to, localPath) : copy(object, localPath, { from, to }));
    },
  };
}

/** Objects up to this size may be fetched side by side. */
const smallBytes = 8 * 1024 * 1024;

/** Begins each piece of work when the one before it has ended, also where that failed. */
function oneByOne(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}

function nameOf({ etag, location, version_id: version }: PinnedFile): string {
  return createHash('sha256')
    .update(JSON.stringify([location, etag, version]))
    .digest('hex');
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
