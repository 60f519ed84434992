import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectStore } from '../../lib/object-store.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { commas, plainSettings } from '../transform/support/stage.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scatter-resume-'));
  const lines = Array.from({ length: 120 }, (_, i) =>
    i % 31 === 0 ? `${i},ragged` : `${i % 50},"na\nme ${i % 40}",${i % 45}.5`,
  );
  await writeFile(join(folder, 'rows.csv'), ['id,name,amount', ...lines].join('\n'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Cleans the file in pieces into a store of its own. */
async function clean(name: string, wrap = (store: ObjectStore): ObjectStore => store): Promise<void> {
  const path = join(folder, 'rows.csv');
  const scratchDir = await mkdtemp(join(folder, 'scratch-'));
  const csv = { location: path, local: true, source: 'rows.csv', format: 'csv', csv: commas, bytes: 2_200 } as const;
  await transformScattered(
    {
      raw: {
        complete: true,
        parts: [csv],
        rejected: [],
        extracted_at: '2026-01-02T03:04:05.678Z',
        source_fingerprint: 'f'.repeat(64),
        bytes_read: csv.bytes,
      },
      settings: { ...plainSettings, deduplicate: true, key_columns: ['id'] },
      store: wrap(folderStore(join(folder, name))),
      prefix: 'runs/r1',
      scratchDir,
    },
    { partBytes: 1_000, bucketBytes: 1_200 },
  );
  expect(await readdir(scratchDir)).toEqual([]);
}

async function contents(name: string): Promise<ReadonlyMap<string, string>> {
  const root = join(folder, name);
  const found = new Map<string, string>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(relative(root, path), (await readFile(path)).toString('base64'));
  }
  return found;
}

/** The store of a process that dies at its n-th object, just before that is there or just behind. */
function dying(n: number, late: boolean): (store: ObjectStore) => ObjectStore {
  let written = 0;
  const then = async (work: () => Promise<void>): Promise<void> => {
    written += 1;
    if (written > n || (written === n && !late)) throw new Error('Killed.');
    await work();
    if (written === n) throw new Error('Killed.');
  };
  return (store) => ({
    ...store,
    put: async (key, body) => await then(async () => await store.put(key, body)),
    putFile: async (key, path) => await then(async () => await store.putFile(key, path)),
  });
}

test('a transform in pieces that dies at any object goes on, and leaves the same bytes', {
  timeout: 120_000,
}, async () => {
  let objects = 0;
  await clean('whole', (store) => ({
    ...store,
    put: async (key, body) => {
      objects += 1;
      await store.put(key, body);
    },
    putFile: async (key, path) => {
      objects += 1;
      await store.putFile(key, path);
    },
  }));
  const whole = await contents('whole');
  expect(objects).toBeGreaterThan(12);
  // One store, in which an object more is written with each attempt, and all attempts die.
  for (let attempt = 1; attempt < objects; attempt += 1) {
    await expect(clean('killed', dying(1, attempt % 2 === 0))).rejects.toThrow(/Killed|DuckDB/);
  }
  await clean('killed');
  await clean('killed');
  expect(await contents('killed')).toEqual(whole);
});
