import { mkdirSync, writeFileSync } from 'node:fs';
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

/** Makes a table of somebody else with rows 1 to 3, whose texts have at most three characters. */
async function foreignTable(table: string, constraint = 'CHECK (length(v) < 4)'): Promise<void> {
  await target.sql.unsafe(`CREATE TABLE ${table} (id bigint PRIMARY KEY, v text ${constraint})`);
  await target.sql.unsafe(`INSERT INTO ${table} VALUES (1, 'a'), (2, 'b'), (3, 'c')`);
}

async function load(table: string, content: string, settings: string): Promise<RunResult> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.csv');
  writeFileSync(file, content);
  return await runFile(target, { folder, file, table, settings });
}

async function rowsOf(table: string): Promise<readonly string[]> {
  const rows = await target.sql.unsafe<{ id: string; v: string }[]>(`SELECT id, v FROM ${table} ORDER BY id`);
  return rows.map(({ id, v }) => `${id}:${v}`);
}

const replace = 'load_mode: replace, key_columns: [id]';
const upsert = 'load_mode: upsert, key_columns: [id]';

describe('a run of which the database refuses most rows', () => {
  it.each([
    ['all_insert', ''],
    ['all_upsert', upsert],
    ['all_replace', replace],
  ])('fails, says why, and takes nothing away: %s', async (table, settings) => {
    await foreignTable(table);
    for (const attempt of [1, 2]) {
      expect(await load(table, 'id,v\n11,xxxx\n12,yyyy\n13,zz\n', settings), `attempt ${attempt}`).toMatchObject({
        status: 'failed',
        error_code: 'too_many_rejected',
        rows_rejected: 2,
        error_message: expect.stringMatching(
          /^2 of 3 rows were rejected, .* 2 rows were refused by the database: .*check constraint.* \(first: chunk 0 row \d+\).* 1 row is loaded and stays\./,
        ),
      });
    }
    expect(await rowsOf(table)).toEqual(['1:a', '2:b', '3:c', '13:zz']);
  });

  it('is a success where max_rejected_ratio allows it, and says how many and why', async () => {
    await foreignTable('allowed');
    const result = await load('allowed', 'id,v\n11,xxxx\n12,yyyy\n', 'max_rejected_ratio: 1');
    expect(result).toMatchObject({
      status: 'success',
      rows_rejected: 2,
      warnings: [expect.stringMatching(/^2 rows were refused by the database: .*check constraint/)],
    });
  });

  it('goes on where it was when the limit is raised', async () => {
    await foreignTable('raised');
    const content = 'id,v\n11,xxxx\n12,yyyy\n13,zz\n';
    const failed = await load('raised', content, `${upsert}, max_rejected_rows: 1`);
    expect(failed).toMatchObject({ status: 'failed', error_code: 'too_many_rejected' });
    expect(await load('raised', content, `${upsert}, max_rejected_ratio: 0.7`)).toMatchObject({ status: 'success' });
    expect(await rowsOf('raised')).toEqual(['1:a', '2:b', '3:c', '13:zz']);
  });

  it('fails also where their keys are those of other rows', async () => {
    await load('present', 'id,v\n1,a\n2,b\n', 'key_columns: [id]');
    const result = await load('present', 'id,v\n1,x\n2,y\n3,z\n', 'key_columns: [id]');
    expect(result).toMatchObject({ status: 'failed', error_code: 'too_many_rejected', rows_rejected: 2 });
    expect(await rowsOf('present')).toEqual(['1:a', '2:b', '3:z']);
  });
});

describe('a replacement of which the database refuses rows', () => {
  it('takes no row away, for one that it would take may be in their way', async () => {
    await foreignTable('in_the_way', 'UNIQUE');
    for (const attempt of [1, 2]) {
      expect(await load('in_the_way', 'id,v\n1,a\n2,b\n4,c\n', replace), `attempt ${attempt}`).toMatchObject({
        status: 'failed',
        error_code: 'rejected_replace',
        rows_rejected: 1,
        rows_deleted: 0,
        error_message: expect.stringContaining('Nothing was deleted'),
      });
    }
    expect(await rowsOf('in_the_way')).toEqual(['1:a', '2:b', '3:c']);
    expect(await load('in_the_way', 'id,v\n1,a\n2,b\n4,d\n', replace)).toMatchObject({ status: 'success' });
    expect(await rowsOf('in_the_way')).toEqual(['1:a', '2:b', '4:d']);
  });

  it('leaves the rows that it could not replace as they were', async () => {
    await foreignTable('as_it_was');
    expect(await load('as_it_was', 'id,v\n1,x\n2,y\n3,long\n', replace)).toMatchObject({
      status: 'success',
      rows_updated: 2,
      rows_rejected: 1,
      rows_deleted: 0,
      warnings: [expect.stringMatching(/^1 row was refused by the database/)],
    });
    expect(await rowsOf('as_it_was')).toEqual(['1:x', '2:y', '3:c']);
  });
});

describe('a replacement that goes on after it was killed before its first batch', () => {
  /** A run that has read its source, and was killed: nobody has written its end. */
  async function killedRun(table: string, content: string): Promise<void> {
    const stopping = new AbortController();
    const folder = path.join(target.folder, table);
    const file = path.join(folder, 'rows.csv');
    writeFileSync(file, content);
    const stopped = await runFile(target, {
      folder,
      file,
      table,
      settings: replace,
      signal: stopping.signal,
      onProgress: ({ stage }) => {
        if (stage === 'transform') stopping.abort(new Error('Stopped.'));
      },
    });
    expect(stopped).toMatchObject({ status: 'failed', error_code: 'interrupted' });
    await target.sql`
      UPDATE public.etl_execution_log SET status = 'running', end_time = NULL WHERE run_id = ${stopped.run_id}`;
  }

  it.each([
    ['shrunk', 'id,v\n1,x\n', 'shrink_refused'],
    ['emptied', 'id,v\n', 'shrink_refused'],
    ['unfit', 'id,v,n\n1,x,1\n2,y,2\nthree,z,3\n', 'rejected_replace'],
  ])('is refused as it would have been then: %s', async (table, content, code) => {
    await load(table, 'id,v\n1,a\n2,b\n3,c\n', replace);
    await killedRun(table, content);
    const next = await load(table, content, replace);
    expect(next).toMatchObject({ status: 'failed', error_code: code });
    expect(await rowsOf(table)).toEqual(['1:a', '2:b', '3:c']);
  });
});
