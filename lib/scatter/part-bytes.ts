import { createReadStream, createWriteStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { RawPart } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import type { LocalPart } from '../transform/read/local-part.ts';

/*
 * How the steps read the parts of a source, wherever these lie: the only place that knows.
 */

type Store = Pick<ObjectStore, 'copyRange' | 'getRange' | 'localPath'>;

/** Brings some bytes of a part into a local file. Of a part in the store no other byte is fetched. */
export async function copyBytes(store: Store, part: RawPart, from: number, to: number, path: string): Promise<void> {
  if (from >= to) {
    await writeFile(path, '', { mode: 0o600 });
  } else if (part.local) {
    const bytes = createReadStream(part.location, { start: from, end: to - 1 });
    await pipeline(bytes, createWriteStream(path, { mode: 0o600 }));
  } else {
    await store.copyRange(part.location, from, to, path);
  }
}

/** Some bytes of a part, few enough for the memory. */
export async function bytesOf(store: Store, part: RawPart, from: number, to: number): Promise<Buffer> {
  if (from >= to) return Buffer.alloc(0);
  if (!part.local) return Buffer.from(await store.getRange(part.location, from, to));
  const file = await open(part.location, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A part where this machine has it, whole. */
export async function localPart(store: Store, part: RawPart): Promise<LocalPart> {
  return { ...part, path: part.local ? part.location : await store.localPath(part.location) };
}

/** A whole part that this step alone has, and that goes with the step's folder. @param path  in that folder */
export async function ownCopy(store: Store, part: RawPart, path: string): Promise<LocalPart> {
  await copyBytes(store, part, 0, part.bytes, path);
  return { ...part, path };
}
