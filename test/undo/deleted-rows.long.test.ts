import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../lib/run/result.ts';
import { undoRun } from '../../lib/run/undo.ts';
import { findLastRun } from '../../lib/state/run-history.ts';
import { startHeld } from '../support/held-child.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { undoContext } from '../support/overlapping-runs.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

const settings = 'load_mode: replace, key_columns: [id], max_shrink: 1';
const before = 2_500;
const after = 100;

/** Writes the rows of a source, of which none has the key of another source's. */
function write(table: string, from: number, to: number): string {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.csv');
  const lines = Array.from({ length: to - from }, (_, i) => `${from + i},name ${from + i}\n`);
  writeFileSync(file, `id,name\n${lines.join('')}`);
  return file;
}

async function run(table: string, file: string): Promise<RunResult> {
  return await runFile(target, { folder: path.join(target.folder, table), file, table, settings, connections: 2 });
}

/** A table of 2,500 rows, none of which the next source has. */
async function replaceable(table: string): Promise<string> {
  expect(await run(table, write(table, 0, before))).toMatchObject({ status: 'success', rows_inserted: before });
  return write(table, before, before + after);
}

/** Replaces the rows in a process of its own, which is killed before a statement arrives. */
async function killedAt(table: string, held: (statement: string) => boolean): Promise<void> {
  const file = await replaceable(table);
  const job = {
    folder: path.join(target.folder, table),
    config: `pipelines: { ${table}: { source_type: file, file_path: ${file}, target_table: ${table}, ${settings} } }`,
    connections: 2,
  };
  const child = await startHeld(target, 'run-child.mjs', job, (_, statement) => held(statement));
  expect(await child.reached).toBe('held');
  await child.kill();
}

const loggedRun = async (pipeline: string): Promise<unknown> =>
  (await findLastRun(target.sql, pipeline)).map(({ rows_deleted, run_id, status }) => ({
    rows_deleted,
    run_id,
    status,
  }))[0];

describe('rows that replace has deleted', () => {
  it.each([
    { moment: 'behind its first deletion', deletion: 2, gone: 1_000 },
    { moment: 'before its end is logged', deletion: undefined, gone: before },
  ])('are counted where the run is killed $moment and goes on', async ({ deletion, gone, moment }) => {
    const table = `deleted_${gone}`;
    let deletions = 0;
    await killedAt(table, (statement) => {
      if (deletion === undefined) return /^INSERT INTO public\.etl_execution_log .*warnings/.test(statement);
      if (/^DELETE FROM "?public/.test(statement) && statement.includes(table)) deletions += 1;
      return deletions === deletion;
    });
    const [killed] = await findLastRun(target.sql, table);
    if (killed === undefined) throw new Error('the run is not in the log');
    expect(killed.status, moment).toBe('running');
    const context = undoContext(target, table);
    await target.sql`UPDATE etl_state SET lease = NULL WHERE pipeline_name = ${table}`;
    const refused = `it deleted ${gone.toLocaleString('en')} rows, which are not kept`;
    await expect(undoRun(context, killed, 'cli')).rejects.toThrow(refused);

    const result = await run(table, path.join(target.folder, table, 'rows.csv'));
    const counted = { status: 'success', run_id: killed.run_id, rows_deleted: before };
    expect(result).toMatchObject({ ...counted, resumed: true, rows_inserted: after });
    expect(await loggedRun(table)).toEqual(counted);
    const [ended] = await findLastRun(target.sql, table);
    if (ended === undefined) throw new Error('the run is not in the log');
    await expect(undoRun(context, ended, 'cli')).rejects.toThrow('it deleted 2,500 rows, which are not kept');
    expect(await target.sql.unsafe(`SELECT count(*) AS n FROM ${table}`)).toEqual([{ n: String(after) }]);
  });

  it('are in the log of a run that failed on the way', async () => {
    const table = 'deleted_some';
    const file = await replaceable(table);
    await target.sql.unsafe(`CREATE TABLE refers (row uuid REFERENCES ${table} (uuid_id))`);
    await target.sql.unsafe(`INSERT INTO refers SELECT max(uuid_id::text)::uuid FROM ${table}`);
    const failed = await run(table, file);
    expect(failed).toMatchObject({ status: 'failed', rows_inserted: after, rows_deleted: 2_000 });
    expect(await loggedRun(table)).toEqual({ status: 'failed', run_id: failed.run_id, rows_deleted: 2_000 });
    await target.sql`DROP TABLE refers`;
    expect(await run(table, file)).toMatchObject({ status: 'success', resumed: true, rows_deleted: before });
  });
});
