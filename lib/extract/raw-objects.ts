import { type RawManifest, rawManifestSchema } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';

/** The names of what a run keeps of its source, and its manifest. */

export function manifestKey(prefix: string): string {
  return `${prefix}/raw/manifest.json`;
}

export function cursorKey(prefix: string): string {
  return `${prefix}/raw/cursor.json`;
}

export async function readManifest(store: ObjectStore, prefix: string): Promise<RawManifest | undefined> {
  const bytes = await store.get(manifestKey(prefix));
  return bytes === undefined ? undefined : rawManifestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
}

export async function writeManifest(store: ObjectStore, prefix: string, manifest: RawManifest): Promise<RawManifest> {
  await store.put(manifestKey(prefix), `${JSON.stringify(manifest)}\n`);
  return manifest;
}
