import { stat, statfs } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { RawPart } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import { DiskTooSmallError } from './errors.ts';
import { partFormats } from './read/part-formats.ts';

/** What transform needs of the local disk for these parts, in bytes, at the least. */
export function bytesNeeded(parts: readonly Pick<RawPart, 'bytes' | 'format'>[], toFetch: readonly number[]): number {
  const working = parts.reduce((sum, { bytes, format }) => sum + bytes * partFormats[format].workingBytes, 0);
  return Math.ceil(working + toFetch.reduce((sum, bytes) => sum + bytes, 0));
}

/**
 * Refuses parts that cannot fit on the disk of the scratch folder, before any of them is fetched or read.
 *
 * @throws {DiskTooSmallError} terminal
 */
export async function requireSpace(args: {
  readonly parts: readonly RawPart[];
  readonly store: ObjectStore;
  readonly scratchDir: string;
}): Promise<void> {
  const toFetch: number[] = [];
  for (const part of args.parts) {
    if (part.local) continue;
    if (part.object !== undefined || !(await isLocal(args.store, part.location))) toFetch.push(part.bytes);
  }
  const needed = bytesNeeded(args.parts, toFetch);
  const { bavail, blocks, bsize } = await statfs(args.scratchDir);
  // Some network file systems do not tell their size; they are found full when they are.
  if (blocks === 0) return;
  const free = bavail * bsize;
  if (needed > free) {
    const input = args.parts.reduce((sum, part) => sum + part.bytes, 0);
    throw new DiskTooSmallError({ input, needed, free, parts: args.parts.length });
  }
}

/** Whether the store has the object on the local disk already: a folder has, a bucket has not. */
async function isLocal(store: ObjectStore, key: string): Promise<boolean> {
  const path = join(store.localFolder(posix.dirname(key)), posix.basename(key));
  return await stat(path).then(
    () => true,
    () => false,
  );
}
