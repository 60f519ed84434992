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
  const needed = bytesNeeded(args.parts, await bytesToFetch(args.store, args.parts));
  const free = await freeBytes(args.scratchDir);
  if (needed > free) {
    const input = args.parts.reduce((sum, part) => sum + part.bytes, 0);
    throw new DiskTooSmallError({ input, needed, free, parts: args.parts.length });
  }
}

/**
 * The same, of a source that is cleaned in pieces on this machine: its cleaned rows are on the disk twice, as slices leave
 * them and as chunks, beside the working files of a piece.
 *
 * @param present  bytes of them that an earlier attempt has left
 * @throws {DiskTooSmallError} terminal
 */
export async function requireSpaceInPieces(args: {
  readonly parts: readonly RawPart[];
  readonly store: ObjectStore;
  readonly scratchDir: string;
  readonly partBytes: number;
  readonly present: number;
}): Promise<void> {
  const { partBytes, parts, present, scratchDir, store } = args;
  const input = parts.reduce((sum, part) => sum + part.bytes, 0);
  const cleaned = parts.reduce((sum, { bytes, format }) => sum + bytes * partFormats[format].cleanedBytes, 0);
  const fetched = await bytesToFetch(
    store,
    parts.filter(({ bytes }) => bytes <= partBytes),
  );
  const piece = Math.max(0, ...parts.map(({ bytes, format }) => workingBytes(Math.min(bytes, partBytes), format)));
  const whole = 2 * cleaned + fetched.reduce((sum, bytes) => sum + bytes, 0);
  const needed = Math.ceil(Math.max(0, whole - present) + piece);
  const free = await freeBytes(scratchDir);
  if (needed <= free) return;
  const fits = Math.max(0, Math.floor(((free + present - piece) / whole) * input));
  throw new DiskTooSmallError({ input, needed, free, parts: parts.length, fits });
}

/** A copy of a piece, and what is made of it. */
function workingBytes(bytes: number, format: RawPart['format']): number {
  return bytes * (1 + partFormats[format].workingBytes);
}

/** Sizes of the parts that are not on the local disk. */
async function bytesToFetch(store: ObjectStore, parts: readonly RawPart[]): Promise<readonly number[]> {
  const toFetch: number[] = [];
  for (const part of parts) {
    if (part.local) continue;
    if (part.object !== undefined || !(await isLocal(store, part.location))) toFetch.push(part.bytes);
  }
  return toFetch;
}

/** Some network file systems do not tell their size; they are found full when they are. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}

/** Whether the store has the object on the local disk already: a folder has, a bucket has not. */
async function isLocal(store: ObjectStore, key: string): Promise<boolean> {
  const path = join(store.localFolder(posix.dirname(key)), posix.basename(key));
  return await stat(path).then(
    () => true,
    () => false,
  );
}
