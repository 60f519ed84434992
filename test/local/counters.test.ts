import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalServer, outcome, startLocalServer } from './local-server.ts';

const conflict = '40001 change conflicts with another transaction (OC000)';
const connections = 16;
const counters = 8;

let server: LocalServer;
let clients: readonly pg.Client[];

beforeAll(async () => {
  server = await startLocalServer();
  clients = await Promise.all(Array.from({ length: connections }, () => server.connect()));
  await clients[0]?.query('CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL)');
  await clients[0]?.query('INSERT INTO counter SELECT g, 0 FROM generate_series(1, 8) AS g');
});

afterAll(async () => {
  await server.close();
});

async function total(): Promise<number> {
  const { rows } = (await clients[0]?.query('SELECT sum(n)::int AS n FROM counter')) ?? { rows: [{ n: 0 }] };
  return rows[0].n;
}

/** Increments one counter, or two in one transaction; what came of it. */
async function increment(client: pg.Client, ids: readonly number[]): Promise<string> {
  const result = await outcome(
    (async () => {
      await client.query('BEGIN');
      for (const id of ids) await client.query('UPDATE counter SET n = n + 1 WHERE id = $1', [id]);
      await client.query('COMMIT');
    })(),
  );
  if (result !== 'ok') await client.query('ROLLBACK');
  return result;
}

async function hammer(
  ms: number,
  retry: boolean,
): Promise<{ readonly done: number; readonly seen: ReadonlySet<string> }> {
  const until = performance.now() + ms;
  const seen = new Set<string>();
  let done = 0;
  await Promise.all(
    clients.map(async (client, index) => {
      for (let turn = index; performance.now() < until; turn += 1) {
        const ids = turn % 3 === 0 ? [1 + (turn % counters), 1 + ((turn * 5) % counters)] : [1 + (turn % counters)];
        let result = await increment(client, ids);
        seen.add(result);
        for (; retry && result === conflict; result = await increment(client, ids)) seen.add(result);
        if (result === 'ok') done += ids.length;
      }
    }),
  );
  return { done, seen };
}

test('sixteen connections lose no increment of eight counters when they retry', async () => {
  const before = await total();
  const { done, seen } = await hammer(10_000, true);
  expect([...seen].filter((result) => result !== 'ok' && result !== conflict)).toEqual([]);
  expect(done).toBeGreaterThan(500);
  expect((await total()) - before).toBe(done);
});

test('without retry they see the conflict and no other error, and what was told committed is there', async () => {
  const before = await total();
  const { done, seen } = await hammer(3_000, false);
  expect([...seen].toSorted()).toEqual([conflict, 'ok']);
  expect((await total()) - before).toBe(done);
});

test('statements outside transactions lose no increment either', async () => {
  const before = await total();
  const results = await Promise.all(
    clients.map(async (client, index) => {
      const own: string[] = [];
      for (let turn = 0; turn < 60; turn += 1) {
        own.push(await outcome(client.query(`UPDATE counter SET n = n + 1 WHERE id = ${1 + ((turn + index) % 3)}`)));
      }
      return own;
    }),
  );
  const all = results.flat();
  expect([...new Set(all)].filter((result) => result !== 'ok' && result !== conflict)).toEqual([]);
  expect((await total()) - before).toBe(all.filter((result) => result === 'ok').length);
});
