import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyEntry, entriesOf, readEntry, writePacked } from '../../lib/scatter/packed.ts';
import { folderStore } from '../../lib/store/folder-store.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packed-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('each entry of a packed object is read back alone, and all of them together', async () => {
  const store = folderStore(join(folder, 'store'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 12 }), async (entries) => {
      const path = join(folder, 'packed');
      await writePacked(path, entries.length, entries);
      await store.putFile('object', path);
      expect(entriesOf((await store.get('object')) ?? new Uint8Array()).map((one) => [...one])).toEqual(
        entries.map((one) => [...one]),
      );
      for (const [entry, bytes] of entries.entries()) {
        expect([...(await readEntry(store, 'object', entry))]).toEqual([...bytes]);
      }
    }),
    { numRuns: 20 },
  );
});

test('an entry is taken from a file and brought into one, and an empty one into none', async () => {
  const store = folderStore(join(folder, 'store'));
  await writeFile(join(folder, 'rows'), 'rows of a bucket');
  await writePacked(join(folder, 'packed'), 2, ['', { path: join(folder, 'rows') }]);
  await store.putFile('files', join(folder, 'packed'));
  expect(await copyEntry(store, 'files', 0, join(folder, 'none'))).toBe(false);
  expect(await copyEntry(store, 'files', 1, join(folder, 'copy'))).toBe(true);
  await expect(writePacked(join(folder, 'short'), 3, ['one'])).rejects.toThrow('1 entries of 3');
});
