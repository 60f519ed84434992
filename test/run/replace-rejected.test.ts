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

const day1 = 'id,n\n1,10\n2,20\n3,30\n';

/** Replaces a table of ids 1 to 3 by a second day's file. */
async function secondDay(table: string, content: string, settings = 'key_columns: [id]') {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.csv');
  const results = [];
  for (const text of [day1, content]) {
    writeFileSync(file, text);
    results.push(await runFile(target, { folder, file, table, settings: `load_mode: replace, ${settings}` }));
  }
  const rows = await target.sql.unsafe<{ id: string; n: string | null }[]>(`SELECT id, n FROM ${table} ORDER BY id`);
  const columns = await target.sql<{ column_name: string }[]>`
    SELECT column_name FROM information_schema.columns WHERE table_name = ${table}`;
  return {
    result: results[1],
    rows: rows.map(({ id, n }) => `${id}:${n}`),
    columns: columns.map((one) => one.column_name),
  };
}

describe('a replacement of which a row is rejected', () => {
  it.each([
    ['bad_value', 'id,n,extra\n1,11,a\n2,21,b\n3,thirty,c\n'],
    ['no_key', 'id,n,extra\n1,11,a\n2,21,b\n,30,c\n'],
    ['ragged', 'id,n,extra\n1,11,a\n2,21,b\n3,30,c,too,many\n'],
  ])('writes nothing and fails, for the row may be one that is there: %s', async (table, content) => {
    const { columns, result, rows } = await secondDay(table, content);
    expect(result).toMatchObject({ status: 'failed', error_code: 'rejected_replace', rows_rejected: 1 });
    expect(rows).toEqual(['1:10', '2:20', '3:30']);
    expect(columns).not.toContain('extra');
  });

  it('goes on where every row of the table is in the source', async () => {
    const { result, rows } = await secondDay('all_there', 'id,n\n1,11\n2,21\n3,31\n4,forty\n');
    expect(result).toMatchObject({ status: 'success', rows_rejected: 1, rows_deleted: 0 });
    expect(rows).toEqual(['1:11', '2:21', '3:31']);
  });

  it('is refused for too few rows before the table has another column', async () => {
    const { columns, result } = await secondDay('shrunk', 'id,n,extra\n1,11,a\n');
    expect(result).toMatchObject({ status: 'failed', error_code: 'shrink_refused' });
    expect(columns).not.toContain('extra');
  });
});
