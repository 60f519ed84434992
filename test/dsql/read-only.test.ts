import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
  await target.sql.unsafe('CREATE TABLE kept (id bigint PRIMARY KEY)');
  await target.sql.unsafe('INSERT INTO kept VALUES (1)');
});

afterAll(async () => await target.remove());

describe('a transaction that only reads', () => {
  it('reads as any other, and is refused whatever would write', async () => {
    const rows = await target.sql.begin(async (sql) => await sql.unsafe('SELECT id FROM kept'), { readOnly: true });
    expect(rows).toEqual([{ id: '1' }]);
    for (const text of ['DELETE FROM kept', 'CREATE TABLE other (id bigint)', 'SELECT 1; DELETE FROM kept']) {
      await expect(
        target.sql.begin(async (sql) => await sql.unsafe(text), { readOnly: true }),
        text,
      ).rejects.toMatchObject({ code: '25006' });
    }
    expect(await target.sql.unsafe('SELECT id FROM kept')).toHaveLength(1);
  });

  it('gives the rows of one statement as arrays, and takes no second statement', async () => {
    const rows = await target.sql.begin(async (sql) => await sql.values('SELECT 1 AS a, 2 AS a'), { readOnly: true });
    expect([rows[0], rows.columns.map(({ name }) => name)]).toEqual([
      ['1', '2'],
      ['a', 'a'],
    ]);
    await expect(
      target.sql.begin(async (sql) => await sql.values('SELECT 1; COMMIT'), { readOnly: true }),
    ).rejects.toMatchObject({ code: '42601' });
  });
});
