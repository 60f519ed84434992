import { stat } from 'node:fs/promises';
import type { ObjectStore } from '../../../lib/object-store.ts';

/** A read of an object: its key without folders, and how many bytes; undefined where there is no object. */
export interface RecordedRead {
  readonly key: string;
  readonly bytes: number | undefined;
}

/** A store that keeps a record of what is read of it. */
export function recordedStore(store: ObjectStore): {
  readonly store: ObjectStore;
  readonly take: () => RecordedRead[];
} {
  const reads: RecordedRead[] = [];
  const record = (key: string, bytes: number | undefined): void => {
    reads.push({ key: key.replace(/.*\//, ''), bytes });
  };
  return {
    take: () => reads.splice(0),
    store: {
      ...store,
      get: async (key) => {
        const bytes = await store.get(key);
        record(key, bytes?.length);
        return bytes;
      },
      getRange: async (key, from, to) => {
        record(key, to - from);
        return await store.getRange(key, from, to);
      },
      copyRange: async (key, from, to, path) => {
        record(key, to - from);
        await store.copyRange(key, from, to, path);
      },
      localPath: async (key) => {
        const path = await store.localPath(key);
        record(key, (await stat(path)).size);
        return path;
      },
    },
  };
}
