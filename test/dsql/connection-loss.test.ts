import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BreakingTarget, breakingTarget, fates, moments, settingsOf } from '../support/breaking-target.ts';

let broken: BreakingTarget;

beforeAll(async () => {
  broken = await breakingTarget();
});

afterEach(async () => await broken.mend());

afterAll(async () => await broken.remove());

describe('a load whose connection is lost', () => {
  // Every moment, and every fate with one of them or two; all pairs are in the long suite.
  it.each(moments.map((moment, index) => ({ ...moment, fate: fates[(index * 3) % fates.length] ?? 'silent' })))(
    'at $moment ($fate) goes on with another one and loads every row once',
    async ({ fate, fits, mode, moment, n }) => {
      const table = `lost_${moments.findIndex((other) => other.moment === moment)}`;
      await broken.loadUnder(table, settingsOf[mode], { n, fits, fate });
    },
  );
});

describe('a pool of connections', () => {
  it('replaces one that was lost while idle', async () => {
    const sql = broken.through(1);
    await sql`SELECT 1`;
    broken.proxy.refuse();
    broken.proxy.accept();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await sql`SELECT 2 AS n`).toEqual([{ n: '2' }]);
  });

  it('fails statements while the server takes no connections, and serves them afterwards', async () => {
    const sql = broken.through(2);
    broken.proxy.refuse();
    for (let tried = 0; tried < 5; tried += 1)
      await expect(sql`SELECT 1`).rejects.toMatchObject({ code: expect.any(String) });
    broken.proxy.accept();
    expect(await Promise.all([sql`SELECT 1 AS n`, sql`SELECT 2 AS n`, sql`SELECT 3 AS n`])).toEqual([
      [{ n: '1' }],
      [{ n: '2' }],
      [{ n: '3' }],
    ]);
  });

  it('fails every statement of a transaction whose connection is lost, and writes none of them elsewhere', async () => {
    await broken.target.sql`CREATE TABLE lost (n text PRIMARY KEY)`;
    const sql = broken.through(2);
    const failed = sql.begin(async (transaction) => {
      await transaction`INSERT INTO lost (n) VALUES ('first')`;
      broken.proxy.refuse();
      broken.proxy.accept();
      await expect(transaction`INSERT INTO lost (n) VALUES ('second')`).rejects.toMatchObject({
        code: expect.stringMatching(/^(CONNECTION_|ECONN|EPIPE)/),
      });
      // The pool has its connection again, and works for somebody else on it.
      await sql`INSERT INTO lost (n) VALUES ('other')`;
      await transaction`INSERT INTO lost (n) VALUES ('third')`;
    });
    await expect(failed).rejects.toBeInstanceOf(Error);
    expect(await broken.target.sql`SELECT n FROM lost`).toEqual([{ n: 'other' }]);
  });

  it('does not hand the end of one connection to the next statement', async () => {
    const sql = broken.through(1);
    broken.proxy.decide = ({ from, statement }) =>
      from === 'server' && statement.includes('cut') ? 'before-rst' : 'pass';
    await expect(sql`SELECT 1 AS cut`).rejects.toBeInstanceOf(Error);
    for (let n = 0; n < 5; n += 1) expect(await sql`SELECT ${n} AS n`).toEqual([{ n: String(n) }]);
  });

  it('gives up a statement that is never answered', async () => {
    const sql = broken.through(1);
    broken.proxy.decide = ({ from, statement }) =>
      from === 'server' && statement.includes('unheard') ? 'silent' : 'pass';
    await expect(sql`SELECT 1 AS unheard`).rejects.toMatchObject({ code: 'CONNECTION_SILENT' });
    expect(await sql`SELECT 2 AS n`).toEqual([{ n: '2' }]);
  });
});
