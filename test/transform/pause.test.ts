import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { storedChunks } from '../../lib/load/chunk-session.ts';
import { type Manifest, rejectedRowSchema } from '../../lib/manifest.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import type { TransformRequest, TransformSettings } from '../../lib/transform/request.ts';
import { transformToChunks, transformToWorkingFile, type WriteResult } from '../../lib/transform/transform.ts';
import type { ChunkReader } from '../../lib/transform-result.ts';
import { commas, plainSettings, transformWhole } from './support/stage.ts';

const rowCount = 3_000;
const chunkRows = 200;

/** Settings under which what is kept differs: with and without keys, superseded rows that are rejected or dropped. */
const kinds: Readonly<Record<string, Partial<TransformSettings>>> = {
  'rows without a key': {},
  'rows with a key, the last of which stays': { key_columns: ['Key No', 'amount'], load_mode: 'upsert' },
  'rows with a key, the first of which stays': { key_columns: ['Key No'], load_mode: 'insert' },
  'columns that a rule makes': {
    key_columns: ['Key No', 'label'],
    load_mode: 'upsert',
    business_rules: [
      { type: 'filter', condition: 'amount > 1' },
      { type: 'enrich', new_column: 'label', logic: "CASE WHEN amount > 10 THEN 'o''ne' ELSE name END" },
    ],
  },
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transform-pause-'));
  await mkdir(join(folder, 'scratch'));
  const lines = Array.from({ length: rowCount }, (_, i) => {
    // Every tenth row has the key of the one before it, all over the file.
    const key = i % 10 === 9 ? i - 1 : i;
    return `${key},"na""me ${i % 500}",${key % 40}.5${i % 97 === 0 ? ',too many' : ''}`;
  });
  await writeFile(join(folder, 'rows.csv'), ['Key No,name,amount', ...lines].join('\n'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A run of a transform over the rows, in a store of its own name. */
function request(
  store: string | ObjectStore,
  settings: Partial<TransformSettings> = {},
  more: Partial<TransformRequest['raw']> = {},
): TransformRequest {
  return {
    raw: {
      complete: true,
      parts: [
        {
          location: join(folder, 'rows.csv'),
          local: true,
          source: 'rows.csv',
          format: 'csv',
          csv: commas,
          bytes: 100_000,
        },
      ],
      rejected: [],
      extracted_at: '2026-01-02T03:04:05.678Z',
      source_fingerprint: 'abc',
      bytes_read: 100_000,
      ...more,
    },
    settings: { ...plainSettings, ...settings },
    store: typeof store === 'string' ? folderStore(join(folder, store)) : store,
    prefix: 'runs/r1',
    scratchDir: join(folder, 'scratch'),
    threads: 2,
    chunkRows,
  };
}

/** Writes `chunks` chunks or a few more, and pauses; gives the manifest when they were the last ones. */
async function call(wanted: TransformRequest, chunks: number): Promise<WriteResult> {
  const pausing = new AbortController();
  let left = chunks;
  const putFile: ObjectStore['putFile'] = async (key, path) => {
    await wanted.store.putFile(key, path);
    if (key.includes('/clean/')) left -= 1;
    if (left === 0) pausing.abort();
  };
  if (chunks === 0) pausing.abort();
  return await transformToChunks({ ...wanted, store: { ...wanted.store, putFile } }, () => pausing.signal);
}

/** The bytes of every chunk and of every rejected row, by their place in the store. */
async function results(store: string, manifest: Manifest): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  for (const { location } of manifest.chunks) {
    files[location] = (await readFile(join(folder, store, location))).toString('base64');
  }
  for (const { location } of manifest.rejected) {
    const text = await readFile(join(folder, store, location), 'utf8');
    for (const line of text.trim().split('\n')) rejectedRowSchema.parse(JSON.parse(line));
    files[location] = text;
  }
  return files;
}

/** A store whose process dies at its n-th write: that one and all behind it never come to be. */
function dyingStore(root: string, writes: number): ObjectStore & { readonly died: () => boolean } {
  const store = folderStore(root);
  let left = writes;
  const live = (): void => {
    left -= 1;
    if (left < 0) throw new Error('killed');
  };
  return {
    ...store,
    put: async (key, body) => {
      live();
      await store.put(key, body);
    },
    putFile: async (key, path) => {
      live();
      await store.putFile(key, path);
    },
    died: () => left < 0,
  };
}

describe('a transform that is paused', () => {
  it.each(Object.entries(kinds))('gives what one call gives, of %s', async (_, settings) => {
    const whole = await transformWhole(request('one', settings));
    expect(whole.chunks.length).toBeGreaterThan(4);
    let pauses = 0;
    let outcome: WriteResult | undefined;
    for (let chunks = 1; outcome?.status !== 'complete'; chunks += 1) {
      outcome = await call(request('many', settings), chunks);
      if (outcome.status === 'paused') pauses += 1;
      // The checkpoint is all that the next calls need.
      if (chunks === 1) await rm(join(folder, 'rows.csv'));
    }
    expect(pauses).toBeGreaterThanOrEqual(2);
    expect(outcome.manifest).toEqual(whole);
    expect(await results('many', whole)).toEqual(await results('one', whole));
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });

  it('and killed at any write, in any call, is repeated to the same end', async () => {
    const settings = kinds['rows with a key, the first of which stays'] ?? {};
    const larger = (store: string | ObjectStore) => ({ ...request(store, settings), chunkRows: 1_000 });
    const whole = await transformWhole(larger('one'));
    let survived = false;
    for (let writes = 0; !survived; writes += 1) {
      const name = `killed-${writes}`;
      const store = dyingStore(join(folder, name), writes);
      for (let chunks = 1; !store.died() && chunks < 100; chunks += 1) {
        const outcome = await call(larger(store), chunks).catch((error: unknown) => error);
        if (typeof outcome === 'object' && outcome !== null && 'manifest' in outcome) {
          survived = true;
          break;
        }
      }
      expect(survived || store.died()).toBe(true);
      let outcome: WriteResult = { status: 'paused' };
      for (let chunks = 1; outcome.status !== 'complete'; chunks += 2) {
        outcome = await call(larger(name), chunks);
      }
      expect(outcome.manifest).toEqual(whole);
      expect(await results(name, whole)).toEqual(await results('one', whole));
    }
  }, 120_000);

  it('says that it makes no progress when a call from a checkpoint has added no chunk', async () => {
    expect(await call(request('slow'), 0)).toEqual({ status: 'paused' });
    expect(await call(request('slow'), 0)).toEqual({ status: 'no_progress' });
    expect(await call(request('slow'), 2)).toEqual({ status: 'paused' });
  });

  it('starts over where the checkpoint is of another source, or of a release that wrote it otherwise', async () => {
    await call(request('other'), 1);
    const raw = { source_fingerprint: 'another' };
    const whole = await transformWhole(request('one', {}, raw));
    const outcome = await call(request('other', {}, raw), 100);
    expect(outcome).toEqual({ status: 'complete', manifest: whole });
    expect(await results('other', whole)).toEqual(await results('one', whole));

    await call(request('newer'), 1);
    const file = join(folder, 'newer', 'runs/r1/decided/rows.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), more: 1 }));
    expect(await call(request('newer'), 100)).toEqual({
      status: 'complete',
      manifest: await transformWhole(request('one')),
    });
  });

  it('writes no checkpoint when it is not paused', async () => {
    await transformWhole(request('whole'));
    expect(await readdir(join(folder, 'whole', 'runs/r1'))).not.toContain('decided');
  });
});

/** The rows of every chunk in the order of their ids, as a DuckDB reads them that sees the given folders only. */
async function rowsOf({ chunk, folders }: ChunkReader, count: number): Promise<readonly unknown[]> {
  const session = await openDuckDb({ allowedDirs: folders, tempDir: join(folder, 'scratch') });
  try {
    const chunks: unknown[] = [];
    for (let number = 0; number < count; number += 1) {
      const { relation, rows } = await chunk(number);
      const found = await session.rows(`SELECT to_json(t)::VARCHAR AS row FROM ${relation} AS t ORDER BY uuid_id`);
      expect(found).toHaveLength(rows);
      chunks.push(found.map(({ row }) => String(row)));
    }
    return chunks;
  } finally {
    session.close();
  }
}

describe('rows that are loaded where they were decided', () => {
  it.each(Object.entries(kinds))('are those of the chunks that another machine loads, of %s', async (_, settings) => {
    const whole = await transformWhole(request('one', settings));
    const decided = await transformToWorkingFile(request('many', settings));
    const { chunks, ...rest } = decided.plan;
    expect({ ...rest, chunks: chunks.map(({ location, rows }) => [location, rows]) }).toEqual({
      ...whole,
      chunks: whole.chunks.map(({ location, rows }) => [location, rows]),
    });
    const stored = storedChunks(folderStore(join(folder, 'one')), whole);
    expect(await rowsOf(decided.chunks, chunks.length)).toEqual(await rowsOf(stored, chunks.length));
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });

  it('are found by the next call, which needs the source no more', async () => {
    const decided = await transformToWorkingFile(request('twice'));
    const rows = await rowsOf(decided.chunks, decided.plan.chunks.length);
    await rm(join(folder, 'rows.csv'));
    const beforeCleaning = (): Promise<void> => Promise.reject(new Error('decided anew'));
    const again = await transformToWorkingFile({ ...request('twice'), beforeCleaning });
    expect(again.plan).toEqual(decided.plan);
    expect(await rowsOf(again.chunks, decided.plan.chunks.length)).toEqual(rows);
    await rm(join(folder, 'twice', 'runs/r1/decided/work.parquet'));
    await expect(transformToWorkingFile({ ...request('twice'), beforeCleaning })).rejects.toMatchObject({
      cause: { message: 'decided anew' },
    });
  });

  it('and killed at any write, are decided anew or found whole', async () => {
    const settings = kinds['rows with a key, the first of which stays'] ?? {};
    const whole = await transformToWorkingFile(request('one', settings));
    const rows = await rowsOf(whole.chunks, whole.plan.chunks.length);
    let survived = false;
    for (let writes = 0; !survived; writes += 1) {
      const name = `killed-${writes}`;
      const store = dyingStore(join(folder, name), writes);
      survived = await transformToWorkingFile(request(store, settings)).then(
        () => true,
        () => false,
      );
      expect(survived || store.died()).toBe(true);
      let anew = false;
      const beforeCleaning = async (): Promise<void> => {
        anew = true;
      };
      const again = await transformToWorkingFile({ ...request(name, settings), beforeCleaning });
      expect(anew).toBe(!survived);
      expect(again.plan).toEqual(whole.plan);
      expect(await rowsOf(again.chunks, again.plan.chunks.length)).toEqual(rows);
    }
  });
});

describe('a disk that is too small', () => {
  it('for the parts is found out before any of them is read, with sizes and a way out', async () => {
    const [part] = request('x').raw.parts;
    if (part === undefined) throw new Error('no part');
    const huge = { ...part, location: join(folder, 'not there'), bytes: 2 ** 50 };
    const words =
      /^The source has 1,073,741,824 MiB in 1 part; to clean it takes at least 322,122,548 MiB of disk, and [\d,]+ MiB are free .*Split.*deploy\.transform\.scratch_mb/;
    await expect(transformWhole(request('x', {}, { parts: [huge] }))).rejects.toMatchObject({
      name: 'DiskTooSmallError',
      code: 'disk_too_small',
      message: expect.stringMatching(words),
    });
  });

  it('counts what has to be fetched, and that Parquet grows', async () => {
    const parquet = {
      format: 'parquet',
      local: false,
      location: 'runs/r1/raw/part-00000.parquet',
      source: 'a',
    } as const;
    const failing = transformWhole(request('x', {}, { parts: [{ ...parquet, bytes: 2 ** 50 }] }));
    await expect(failing).rejects.toMatchObject({
      message: expect.stringContaining('at least 4,294,967,296 MiB of disk'),
    });
  });

  it('is not complained of where a folder has the parts already and they fit', async () => {
    const store = folderStore(join(folder, 'x'));
    await store.put('runs/r1/raw/part-00000.csv', await readFile(join(folder, 'rows.csv')));
    const [part] = request('x').raw.parts;
    const parts = [{ ...part, location: 'runs/r1/raw/part-00000.csv', local: false } as NonNullable<typeof part>];
    expect((await transformWhole(request('x', {}, { parts }))).counts.rows_read).toBe(rowCount);
  });
});
