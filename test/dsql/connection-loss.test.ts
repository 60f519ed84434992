import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
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

  it('opens one connection ahead of the first statement, which takes it', async () => {
    const before = broken.proxy.opened();
    const sql = broken.through(2);
    sql.openAhead();
    sql.openAhead();
    await vi.waitFor(() => expect(broken.proxy.opened()).toBe(before + 1));
    expect(await sql`SELECT 1 AS n`).toEqual([{ n: '1' }]);
    sql.openAhead();
    expect(await sql`SELECT 2 AS n`).toEqual([{ n: '2' }]);
    expect(broken.proxy.opened()).toBe(before + 1);
  });

  it('opens another connection where the one ahead failed or was lost before it was asked for', async () => {
    const refused = broken.through(1);
    broken.proxy.refuse();
    refused.openAhead();
    await expect(refused`SELECT 1`).rejects.toMatchObject({ code: expect.any(String) });
    broken.proxy.accept();
    expect(await refused`SELECT 1 AS n`).toEqual([{ n: '1' }]);

    const before = broken.proxy.opened();
    const lost = broken.through(1);
    lost.openAhead();
    await vi.waitFor(() => expect(broken.proxy.opened()).toBe(before + 1));
    broken.proxy.refuse();
    broken.proxy.accept();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await lost`SELECT 2 AS n`).toEqual([{ n: '2' }]);
    expect(broken.proxy.opened()).toBe(before + 2);
  });

  it('ends with a connection ahead that nobody has asked for', async () => {
    const sql = broken.through(1);
    sql.openAhead();
    const began = performance.now();
    await sql.end({ timeout: 5 });
    expect(performance.now() - began).toBeLessThan(4_000);
    await expect(sql`SELECT 1`).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
  });

  it('runs statements together on one connection, and each fails by itself', async () => {
    const before = broken.proxy.opened();
    const sql = broken.through(3);
    const [first, missing, last] = await sql.together((statements) =>
      Promise.all([
        statements`SELECT 1 AS n`,
        statements`SELECT 1 FROM not_there`.catch((error: unknown) => error),
        statements`SELECT 3 AS n`,
      ]),
    );
    expect([first, last]).toEqual([[{ n: '1' }], [{ n: '3' }]]);
    expect(missing).toMatchObject({ code: '42P01' });
    expect(broken.proxy.opened()).toBe(before + 1);
  });

  it('gives up a statement that is never answered', async () => {
    const sql = broken.through(1);
    broken.proxy.decide = ({ from, statement }) =>
      from === 'server' && statement.includes('unheard') ? 'silent' : 'pass';
    await expect(sql`SELECT 1 AS unheard`).rejects.toMatchObject({ code: 'CONNECTION_SILENT' });
    expect(await sql`SELECT 2 AS n`).toEqual([{ n: '2' }]);
  });
});
