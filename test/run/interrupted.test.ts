import { existsSync, mkdirSync, readdirSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../lib/run/result.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

const rows = 5_000;
const chunkRows = 1_000;

/** Loads a CSV of 5,000 rows in five chunks, and stops when so many rows are loaded. */
async function runOver(table: string, stopAt?: number, settings?: string): Promise<RunResult> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.csv');
  if (!existsSync(file)) {
    writeFileSync(file, `id,name\n${Array.from({ length: rows }, (_, i) => `${i},name ${i}\n`).join('')}`);
  }
  const stopping = new AbortController();
  return await runFile(target, {
    folder,
    file,
    table,
    ...(settings === undefined ? {} : { settings }),
    chunkRows,
    connections: 1,
    signal: stopping.signal,
    onProgress: (progress) => {
      if (progress.stage === 'load' && progress.rows === stopAt) stopping.abort(new Error('Stopped.'));
    },
  });
}

const stateOf = (table: string, { run_id: run }: RunResult, name: string): string =>
  path.join(target.folder, table, 'state', 'runs', run, 'decided', name);

describe('a run that was stopped in the middle of its load', () => {
  it('goes on with what it had decided, and does not clean its source again', async () => {
    const stopped = await runOver('stopped', 2 * chunkRows);
    expect(stopped).toMatchObject({ status: 'failed', stage: 'load', error_code: 'interrupted' });
    const work = stateOf('stopped', stopped, 'work.parquet');
    const before = statSync(work);
    const inodes: number[] = [];
    const watcher = watch(path.dirname(work), () => inodes.push(statSync(work, { throwIfNoEntry: false })?.ino ?? 0));
    const next = await runOver('stopped');
    watcher.close();
    expect(next).toMatchObject({ status: 'success', run_id: stopped.run_id, resumed: true, rows_loaded: rows });
    expect(inodes.filter((inode) => inode !== 0 && inode !== before.ino)).toEqual([]);
    expect(await target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM stopped`).toMatchObject([
      { n: String(rows), ids: String(rows) },
    ]);
  });

  it('does not go on when what it had decided is gone, for it could be cut otherwise', async () => {
    const stopped = await runOver('recut', 2 * chunkRows);
    rmSync(stateOf('recut', stopped, 'rows.json'));
    for (const attempt of [1, 2]) {
      expect(await runOver('recut'), `attempt ${attempt}`).toMatchObject({
        status: 'failed',
        error_code: 'ledger_mismatch',
        error_message: expect.stringMatching(/is not kept.*--again/s),
      });
    }
    expect(await target.sql`SELECT count(DISTINCT id) AS ids, count(*) AS n FROM recut`).toMatchObject([
      { ids: String(2 * chunkRows), n: String(2 * chunkRows) },
    ]);
  });

  it('leaves no files behind when it had loaded nothing', async () => {
    const failed = await runOver('refused', undefined, 'columns: { name: bigint }, max_rejected_rows: 10');
    expect(failed).toMatchObject({ status: 'failed', error_code: 'too_many_rejected' });
    expect(existsSync(stateOf('refused', failed, 'rows.json'))).toBe(true);
    expect(await runOver('refused')).toMatchObject({ status: 'success', resumed: false, rows_loaded: rows });
    expect(readdirSync(path.join(target.folder, 'refused', 'state', 'runs'))).toEqual([]);
  });
});
