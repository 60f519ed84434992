import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

/** Loads one file after another; gives the results of the runs, and the rows of the table as text. */
async function loads(table: string, settings: string, ...contents: readonly string[]) {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.csv');
  const runs = [];
  for (const content of contents) {
    writeFileSync(file, content);
    runs.push(await runFile(target, { folder, file, table, settings }));
  }
  const rows = await target.sql.unsafe<{ id: string; note: string | null }[]>(
    `SELECT id::text, note FROM ${table} ORDER BY id`,
  );
  return { runs, rows: rows.map(({ id, note }) => `${id}:${note}`) };
}

const both = 'id,note\n1,a\n2,b\n';
const withoutNote = 'id\n1\n2\n3\n';

describe('a column that the source no longer has', () => {
  it.each([
    ['key_columns: [id]', 'by_key'],
    ['deduplicate: true', 'by_place'],
  ])('is without a value in every row after replace, and said (%s)', async (keys, table) => {
    const { rows, runs } = await loads(table, `load_mode: replace, ${keys}`, both, withoutNote);
    expect(rows).toEqual(['1:null', '2:null', '3:null']);
    expect(runs[1]).toMatchObject({ status: 'success', rows_loaded: 3 });
    expect(runs[1]?.warnings).toEqual([
      'The source has no column note, which the table has; replace leaves it without a value in every row.',
    ]);
  });

  it('keeps its values after upsert', async () => {
    const { rows } = await loads('kept', 'load_mode: upsert, key_columns: [id]', both, withoutNote);
    expect(rows).toEqual(['1:a', '2:b', '3:null']);
  });

  it("is without a value in somebody else's table too, unless the database fills it", async () => {
    await target.sql.unsafe(
      `CREATE TABLE theirs (id integer PRIMARY KEY, note text, made timestamptz DEFAULT '2020-01-01')`,
    );
    await target.sql.unsafe(`INSERT INTO theirs VALUES (1, 'a', '2021-01-01'), (2, 'b', '2021-01-01')`);
    const { rows, runs } = await loads(
      'theirs',
      'load_mode: replace, key_columns: [id]',
      withoutNote,
      `${withoutNote}4\n`,
    );
    expect(rows).toEqual(['1:null', '2:null', '3:null', '4:null']);
    expect(runs[0]).toMatchObject({ rows_inserted: 1, rows_updated: 2, rows_unchanged: 0 });
    expect(runs[1]).toMatchObject({ rows_inserted: 1, rows_updated: 0, rows_unchanged: 3 });
    expect(runs[0]?.warnings).toEqual([expect.stringMatching(/no column note, which the table has; replace leaves/)]);
    const made = await target.sql`SELECT count(*) AS n FROM theirs WHERE made = '2021-01-01'`;
    expect(made[0]?.n).toBe('2');
  });
});

describe("rows of somebody else's table without a time of insertion", () => {
  it('are counted as inserted, updated and unchanged as they are', async () => {
    await target.sql.unsafe('CREATE TABLE plain (id double precision PRIMARY KEY, note text)');
    await target.sql.unsafe(`INSERT INTO plain VALUES (1, 'a'), (2, 'old')`);
    const settings = 'load_mode: upsert, key_columns: [id]';
    const { runs } = await loads('plain', settings, 'id,note\n1,a\n2,b\n3,c\n4,d\n5,e\n');
    expect(runs[0]).toMatchObject({ rows_inserted: 3, rows_updated: 1, rows_unchanged: 1 });
  });
});
