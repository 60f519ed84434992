import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Workspace, workspace } from '../support/workspace.ts';

const present = 1_000_000;

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  await space.etl('local', 'start');
});

afterAll(async () => {
  await space.remove();
});

/** Rows of an upsert, written in pieces, for a million of them is too long for one text. */
function writeRows(name: string, ids: readonly (readonly [from: number, to: number, name: string])[]): void {
  const lines = ['id,name,amount'];
  for (const [from, to, label] of ids) {
    for (let id = from; id < to; id += 1) lines.push(`${id},${label} ${id},${(id / 100).toFixed(2)}`);
  }
  writeFileSync(path.join(space.folder, name), `${lines.join('\n')}\n`);
}

describe('an upsert of 100,000 rows over a million', () => {
  it('rewrites the 8,000 that changed, adds the 2,000 that are new, and leaves 90,000 alone', async () => {
    writeRows('first.csv', [[0, present, 'name']]);
    writeRows('second.csv', [
      [100_000, 190_000, 'name'],
      [500_000, 508_000, 'changed'],
      [present, present + 2_000, 'new'],
    ]);
    const shared = 'source_type: file, target_table: people, load_mode: upsert, key_columns: [id]';
    space.write(
      'etl.yaml',
      `pipelines:\n  first: { ${shared}, file_path: first.csv }\n  second: { ${shared}, file_path: second.csv }\n`,
    );
    expect(await space.run('first')).toMatchObject([{ status: 'success', rows_inserted: present }]);
    const digest = `SELECT md5(string_agg(id || uuid_id::text || created_at::text, ',' ORDER BY id)) AS ids FROM people WHERE id < ${present}`;
    const [ids] = await space.sql(digest);
    const [moment] = await space.sql('SELECT max(updated_at) AS last FROM people');

    const [run] = await space.run('second');
    expect(run).toMatchObject({
      status: 'success',
      rows_read: 100_000,
      rows_inserted: 2_000,
      rows_updated: 8_000,
      rows_unchanged: 90_000,
      rows_loaded: 100_000,
    });
    expect((await space.sql(digest))[0]).toEqual(ids);
    const [moved] = await space.sql(
      `SELECT count(*) AS n, min(id) AS first, max(id) AS last FROM people WHERE updated_at > '${String(moment?.last)}' AND id < ${present}`,
    );
    expect(moved).toEqual({ n: '8000', first: '500000', last: '507999' });
    expect(await space.sql('SELECT count(*) AS n FROM people')).toEqual([{ n: String(present + 2_000) }]);
  }, 600_000);
});
