import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { RawPart } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';

type Store = Pick<ObjectStore, 'copyRange'>;

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

/** Some bytes of a part, few enough for the memory. @param path  of a file that is free for it */
export async function bytesOf(store: Store, part: RawPart, from: number, to: number, path: string): Promise<Buffer> {
  await copyBytes(store, part, from, to, path);
  const bytes = await readFile(path);
  await rm(path);
  return bytes;
}
