import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setLocalFaults } from '../../lib/local/client.ts';
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

/** Runs a pipeline over a file of so many rows; `stopAt` interrupts it when so many are loaded. */
async function run(
  table: string,
  source: { readonly rows: number; readonly text: string } | undefined,
  settings: string,
  more: { readonly stopAt?: number; readonly again?: boolean } = {},
): Promise<RunResult> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, source === undefined ? 'missing.csv' : 'rows.csv');
  if (source !== undefined) {
    const lines = Array.from({ length: source.rows }, (_, id) => `${id},${source.text} ${id}\n`);
    const text = `id,name\n${lines.join('')}`;
    // A file that is written anew is another one to the run that goes on with it.
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
  const stopping = new AbortController();
  return await runFile(target, {
    folder,
    file,
    table,
    settings,
    chunkRows: 1_000,
    connections: 1,
    again: more.again,
    signal: stopping.signal,
    onProgress: ({ rows, stage }) => {
      if (stage === 'load' && rows === more.stopAt) stopping.abort(new Error('Stopped.'));
    },
  });
}

async function contentOf(table: string): Promise<Record<string, string>> {
  const rows = await target.sql.unsafe<{ readonly text: string; readonly n: string }[]>(
    `SELECT split_part(name, ' ', 1) AS text, count(*) AS n FROM ${table} GROUP BY 1 ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ n, text }) => [text, n]));
}

describe('content that comes again', () => {
  it.each(['upsert', 'replace'])('after other content is loaded again: %s', async (mode) => {
    const table = `aba_${mode}`;
    const settings = `load_mode: ${mode}, key_columns: [id]`;
    const [a, b] = [
      { rows: 900, text: 'a' },
      { rows: 900, text: 'b' },
    ];
    for (const source of [a, b, a]) expect(await run(table, source, settings)).toMatchObject({ status: 'success' });
    expect(await contentOf(table)).toEqual({ a: '900' });
    expect(await run(table, a, settings)).toMatchObject({ status: 'skipped', error_code: 'already_loaded' });
  });

  it('is loaded again under another configuration, and into a table that was made anew', async () => {
    const source = { rows: 500, text: 'a' };
    const keyed = 'load_mode: replace, key_columns: [id]';
    expect(await run('replanned', source, keyed)).toMatchObject({ status: 'success' });
    const filtered = `${keyed}, max_shrink: 1, business_rules: [{ type: filter, condition: "id < 200" }]`;
    expect(await run('replanned', source, filtered)).toMatchObject({ status: 'success', rows_deleted: 300 });
    await target.sql`DROP TABLE replanned`;
    expect(await run('replanned', source, keyed)).toMatchObject({ status: 'success', rows_inserted: 500 });
  });

  it('is in the table once after --again, with what the configuration makes of it now', async () => {
    const source = { rows: 500, text: 'a' };
    expect(await run('again', source, 'load_mode: insert')).toMatchObject({ status: 'success' });
    expect(await run('again', { rows: 100, text: 'other' }, 'load_mode: insert')).toMatchObject({ status: 'success' });
    const filtered = 'load_mode: insert, business_rules: [{ type: filter, condition: "id < 200" }]';
    expect(await run('again', source, filtered, { again: true })).toMatchObject({ status: 'success' });
    expect(await contentOf('again')).toEqual({ a: '200', other: '100' });
  });

  it('is compared where it is with --again under the same configuration', async () => {
    const source = { rows: 500, text: 'a' };
    expect(await run('compared', source, 'load_mode: insert')).toMatchObject({ status: 'success' });
    await target.sql`UPDATE compared SET name = 'by hand' WHERE id = 7`;
    await target.sql`DELETE FROM compared WHERE id = 8`;
    const again = await run('compared', source, 'load_mode: insert', { again: true });
    expect(again).toMatchObject({ status: 'success', rows_inserted: 1, rows_updated: 1, rows_unchanged: 498 });
    expect(await contentOf('compared')).toEqual({ a: '500' });
  });

  it('is refused with --again where its rows cannot be told from others', async () => {
    await target.sql`CREATE TABLE foreign_rows (id bigint, name text)`;
    const source = { rows: 50, text: 'a' };
    expect(await run('foreign_rows', source, 'load_mode: insert')).toMatchObject({ status: 'success' });
    const refused = await run('foreign_rows', source, 'load_mode: insert', { again: true });
    expect(refused).toMatchObject({ status: 'failed', error_code: 'earlier_run' });
    expect(refused.error_message).toMatch(/UPDATE public\.etl_execution_log SET closed_by = 'by hand'/);
    expect(await contentOf('foreign_rows')).toEqual({ a: '50' });
    await target.sql`UPDATE etl_execution_log SET closed_by = 'by hand' WHERE pipeline_name = 'foreign_rows'`;
    expect(await run('foreign_rows', source, 'load_mode: insert')).toMatchObject({ status: 'success' });
  });
});

describe('a run that was interrupted with rows in the table', () => {
  it('is finished although later runs failed before they had begun', async () => {
    const source = { rows: 4_000, text: 'a' };
    const stopped = await run('hidden', source, 'load_mode: insert', { stopAt: 2_000 });
    expect(stopped).toMatchObject({ status: 'failed', error_code: 'interrupted' });
    expect(await run('hidden', undefined, 'load_mode: insert')).toMatchObject({ status: 'failed' });
    const done = await run('hidden', source, 'load_mode: insert');
    expect(done).toMatchObject({ status: 'success', run_id: stopped.run_id, resumed: true });
    expect(await contentOf('hidden')).toEqual({ a: '4000' });
  });

  it('is closed and its rows are taken back when its source has changed', async () => {
    const stopped = await run('changed', { rows: 4_000, text: 'old' }, 'load_mode: insert', { stopAt: 2_000 });
    expect(await contentOf('changed')).toEqual({ old: '2000' });
    const next = await run('changed', { rows: 4_500, text: 'new' }, 'load_mode: insert');
    expect(next).toMatchObject({ status: 'success', rows_inserted: 4_500, resumed: false });
    expect(await contentOf('changed')).toEqual({ new: '4500' });
    expect(
      await target.sql`SELECT status, error_code, closed_by FROM etl_execution_log WHERE run_id = ${stopped.run_id}`,
    ).toMatchObject([{ status: 'failed', error_code: 'abandoned', closed_by: next.run_id }]);
  });

  it('is taken back when its files are lost', async () => {
    const source = { rows: 4_000, text: 'a' };
    await run('lost', source, 'load_mode: insert', { stopAt: 2_000 });
    rmSync(path.join(target.folder, 'lost', 'state'), { recursive: true });
    expect(await run('lost', source, 'load_mode: insert')).toMatchObject({ status: 'success', resumed: false });
    expect(await contentOf('lost')).toEqual({ a: '4000' });
  });

  it('makes the next run fail where its rows cannot be told from others', async () => {
    await target.sql`CREATE TABLE foreign_part (id bigint, name text)`;
    const stopped = await run('foreign_part', { rows: 4_000, text: 'old' }, 'load_mode: insert', { stopAt: 2_000 });
    const next = await run('foreign_part', { rows: 4_500, text: 'new' }, 'load_mode: insert');
    expect(next).toMatchObject({ status: 'failed', error_code: 'earlier_run' });
    expect(next.error_message).toContain(stopped.run_id);
    expect(await contentOf('foreign_part')).toEqual({ old: '2000' });
  });
});

describe('rows that the database skips without an error', () => {
  it.each([1, 50])('fail the batch without verify, with %i of 100 rows in the table before', async (before) => {
    const table = `skipping_${before}`;
    const settings = 'load_mode: upsert, key_columns: [id]';
    expect(await run(table, { rows: before, text: 'a' }, settings)).toMatchObject({ status: 'success' });
    await setLocalFaults(path.join(target.folder, 'state'), { nextSkippedBands: 50 });
    const skipped = await run(table, { rows: 100, text: 'a' }, settings);
    await setLocalFaults(path.join(target.folder, 'state'), {});
    expect(skipped).toMatchObject({ status: 'failed', error_code: 'rows_skipped' });
    expect(await run(table, { rows: 100, text: 'a' }, settings)).toMatchObject({ status: 'success' });
    expect(await contentOf(table)).toEqual({ a: '100' });
  });
});
