import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawPart } from '../../lib/manifest.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { requireSpaceInPieces } from '../../lib/transform/require-space.ts';
import { commas, plainSettings } from '../transform/support/stage.ts';

let folder: string;
const partBytes = 1 << 27;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scatter-disk-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const part = (bytes: number): RawPart => ({
  location: join(folder, 'not there'),
  local: true,
  source: 'rows.csv',
  format: 'csv',
  csv: commas,
  bytes,
});

test('a source whose cleaned rows cannot be on the disk twice is refused before any of it is read, with what would fit', async () => {
  const failing = transformScattered(
    {
      raw: {
        complete: true,
        parts: [part(2 ** 50)],
        rejected: [],
        extracted_at: '2026-01-02T03:04:05.678Z',
        source_fingerprint: 'f'.repeat(64),
        bytes_read: 2 ** 50,
      },
      settings: plainSettings,
      store: folderStore(join(folder, 'store')),
      prefix: 'runs/r1',
      scratchDir: folder,
    },
    { partBytes, bucketBytes: partBytes },
  );
  const words =
    /^The source has 1,073,741,824 MiB in 1 part; to clean it in pieces, which hold its cleaned rows twice, takes at least 300,647,\d{3} MiB of disk, and [\d,]+ MiB are free .* At most ([\d,]+) MiB of it would fit.*ETL_HOME/;
  const error: unknown = await failing.catch((one: unknown) => one);
  expect(error).toMatchObject({ code: 'disk_too_small', message: expect.stringMatching(words) });
  // What it says would fit does fit.
  const fits = Number(words.exec(String((error as Error).message))?.[1]?.replaceAll(',', ''));
  const check = { store: folderStore(join(folder, 'store')), scratchDir: folder, partBytes, present: 0 };
  await requireSpaceInPieces({ ...check, parts: [part(fits * 0.9 * 2 ** 20)] });
  await expect(requireSpaceInPieces({ ...check, parts: [part(fits * 1.2 * 2 ** 20)] })).rejects.toThrow(
    /takes at least/,
  );
});

test('what an earlier attempt has left counts as room', async () => {
  const { bavail, bsize } = await statfs(folder);
  const bytes = (bavail * bsize * 1.05) / 0.28;
  const args = { store: folderStore(join(folder, 'store')), scratchDir: folder, partBytes, parts: [part(bytes)] };
  await expect(requireSpaceInPieces({ ...args, present: 0 })).rejects.toThrow(/takes at least/);
  await requireSpaceInPieces({ ...args, present: bytes * 0.14 });
});
