import { writeFileSync } from 'node:fs';
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

describe("replace into somebody else's table whose keys the database writes its own way", () => {
  it.each([
    ['double precision', '1', '2.5'],
    ['real', '1', '2.5'],
    ['numeric(10,2)', '1', '2.5'],
    ['char(4)', '"a"', '"b "'],
    ['timestamptz', '"2025-01-01T00:00:00Z"', '"2025-01-02T10:00:00.5Z"'],
  ])('%s: deletes what the source does not have, and nothing else', async (type, one, two) => {
    const table = `keys_${type.replace(/\W+/g, '_')}`;
    await target.sql.unsafe(`CREATE TABLE ${table} (id ${type} PRIMARY KEY, qty integer)`);
    const old = type === 'timestamptz' ? '2020-01-01' : '9';
    for (const id of [one, two, old]) {
      await target.sql.unsafe(`INSERT INTO ${table} VALUES ('${id.replaceAll('"', '')}', 7)`);
    }
    const file = path.join(target.folder, `${table}.ndjson`);
    writeFileSync(file, `{"id":${two},"qty":2}\n{"id":${one},"qty":1}\n`);
    const result = await runFile(target, {
      folder: path.join(target.folder, table),
      file,
      table,
      settings: 'load_mode: replace, key_columns: [id]',
    });
    expect(result).toMatchObject({ status: 'success', rows_updated: 2, rows_deleted: 1 });
    const rows = await target.sql.unsafe<{ readonly qty: string }[]>(`SELECT qty FROM ${table} ORDER BY qty`);
    expect(rows.map(({ qty }) => qty)).toEqual(['1', '2']);
  });
});
