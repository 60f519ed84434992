import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ObjectStore } from '../object-store.ts';

/*
 * An object of many entries of which each can be read alone: first where each one begins and where the last one ends,
 * as bytes of the object, in eight bytes each, the least one first; then the entries, one behind the other. A step reads
 * its own entry by two requests for ranges, however many there are.
 */

const placeBytes = 8;

/** What is put into an entry: bytes, or those of a local file. */
export type Entry = Uint8Array | string | { readonly path: string };

/** Writes the entries into a local file, one after another; of a file no more than a block is in the memory. */
export async function writePacked(
  path: string,
  count: number,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
): Promise<void> {
  const places = Buffer.alloc((count + 1) * placeBytes);
  const file = await open(path, 'w', 0o600);
  try {
    let at = places.length;
    let entry = 0;
    const add = async (bytes: Uint8Array): Promise<void> => {
      await file.write(bytes, 0, bytes.length, at);
      at += bytes.length;
    };
    for await (const one of entries) {
      places.writeBigUInt64LE(BigInt(at), entry * placeBytes);
      entry += 1;
      if (typeof one === 'string') await add(Buffer.from(one));
      else if (one instanceof Uint8Array) await add(one);
      else for await (const block of createReadStream(one.path)) await add(block as Buffer);
    }
    if (entry !== count) throw new Error(`${entry} entries of ${count} were written.`);
    places.writeBigUInt64LE(BigInt(at), count * placeBytes);
    await file.write(places, 0, places.length, 0);
  } finally {
    await file.close();
  }
}

/** Where an entry lies in its object. */
async function placeOf(
  store: Pick<ObjectStore, 'getRange'>,
  key: string,
  entry: number,
): Promise<{ readonly from: number; readonly to: number }> {
  const places = Buffer.from(await store.getRange(key, entry * placeBytes, (entry + 2) * placeBytes));
  return { from: Number(places.readBigUInt64LE(0)), to: Number(places.readBigUInt64LE(placeBytes)) };
}

/** The bytes of an entry. For descriptions, not for rows. */
export async function readEntry(store: Pick<ObjectStore, 'getRange'>, key: string, entry: number): Promise<Uint8Array> {
  const { from, to } = await placeOf(store, key, entry);
  return from === to ? new Uint8Array() : await store.getRange(key, from, to);
}

/** Brings an entry into a new local file. @returns whether it has any bytes; there is no file where it has none */
export async function copyEntry(
  store: Pick<ObjectStore, 'copyRange' | 'getRange'>,
  key: string,
  entry: number,
  localPath: string,
): Promise<boolean> {
  const { from, to } = await placeOf(store, key, entry);
  if (from === to) return false;
  await store.copyRange(key, from, to, localPath);
  return true;
}

/** All entries of an object that has been fetched whole. */
export function entriesOf(object: Uint8Array): readonly Uint8Array[] {
  const bytes = Buffer.from(object.buffer, object.byteOffset, object.byteLength);
  const places: number[] = [];
  const end = bytes.length === 0 ? 0 : Number(bytes.readBigUInt64LE(0));
  for (let at = 0; at < end; at += placeBytes) places.push(Number(bytes.readBigUInt64LE(at)));
  return places.slice(0, -1).map((from, entry) => bytes.subarray(from, places[entry + 1]));
}
