import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/load-config.ts';
import { folderStore } from '../../lib/local/folder-store.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import type { RunResult } from '../../lib/run/result.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

const rows = 5_000;
const chunkRows = 1_000;

/** Runs a pipeline over a CSV of 5,000 rows in five chunks, with a store that a test may make fail. */
async function runOver(
  table: string,
  wrap: (store: ObjectStore) => ObjectStore = (store) => store,
): Promise<RunResult> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const csv = path.join(folder, 'rows.csv');
  if (!existsSync(csv)) {
    writeFileSync(csv, `id,name\n${Array.from({ length: rows }, (_, i) => `${i},name ${i}\n`).join('')}`);
  }
  const config = parseConfig(
    `pipelines: { sample: { source_type: file, file_path: ${csv}, target_table: ${table} } }`,
    'test',
  );
  const settings = config.pipelines.sample;
  if (settings === undefined) throw new Error('no pipeline');
  return await runPipeline(
    {
      pipeline: { name: table, settings, dataSource: config.data_source },
      baseDir: folder,
      sql: target.sql,
      where: target.where,
      store: wrap(folderStore(path.join(folder, 'state'))),
      scratchDir: path.join(folder, 'scratch'),
      connections: 4,
      chunkRows,
      resolveSecret: async () => '',
      clock: systemClock,
      random: Math.random,
    },
    { trigger: 'cli', again: false },
  );
}

/** A store that shows a chunk only when it is told to, or never. */
function holding(chunk: string, until: Promise<void>): (store: ObjectStore) => ObjectStore {
  return (store) => ({
    ...store,
    putFile: async (key, file) => {
      if (key.endsWith(chunk)) await until;
      await store.putFile(key, file);
    },
  });
}

async function waitForRows(table: string, count: number): Promise<void> {
  for (;;) {
    const found = await target.sql
      .unsafe<{ readonly n: string }[]>(`SELECT count(*) AS n FROM ${table}`)
      .catch(() => [{ n: '0' }]);
    if (Number(found[0]?.n) >= count) return;
    await systemClock.sleep(20);
  }
}

describe('a load beside its transform', () => {
  it('has loaded the first chunks before the last one is written', async () => {
    const loaded = waitForRows('beside', 4 * chunkRows);
    expect(await runOver('beside', holding('part-00004.parquet', loaded))).toMatchObject({
      status: 'success',
      rows_loaded: rows,
    });
  });

  it('fails with the transform, by its name, and the next run finishes both', async () => {
    const broken = waitForRows('broken', 2 * chunkRows).then(() => Promise.reject(new Error('the disk is full')));
    broken.catch(() => undefined);
    const failed = await runOver('broken', holding('part-00003.parquet', broken));
    expect(failed).toMatchObject({ status: 'failed', stage: 'transform', error_code: 'transform_failed' });
    const next = await runOver('broken');
    expect(next).toMatchObject({ status: 'success', run_id: failed.run_id, resumed: true, rows_loaded: rows });
    expect(await target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM broken`).toMatchObject([
      { n: String(rows), ids: String(rows) },
    ]);
  });

  it('does not go on when its source is cut otherwise than before', async () => {
    const broken = waitForRows('recut', 2 * chunkRows).then(() => Promise.reject(new Error('the disk is full')));
    broken.catch(() => undefined);
    const failed = await runOver('recut', holding('part-00003.parquet', broken));
    const cut = path.join(target.folder, 'recut', 'state', 'runs', failed.run_id, 'clean', 'cut.json');
    writeFileSync(cut, JSON.stringify({ target_columns: null, firsts: [1, 1002], rows_clean: rows }));
    expect(await runOver('recut')).toMatchObject({ status: 'failed', error_code: 'ledger_mismatch' });
  });
});
