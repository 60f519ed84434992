import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcome } from '../local-server.ts';
import { type Counters, conflict, startCounters } from './counters.ts';

let counters: Counters;

beforeAll(async () => {
  counters = await startCounters();
});

afterAll(async () => {
  await counters.close();
});

test('sixteen connections lose no increment of eight counters when they retry', async () => {
  const before = await counters.total();
  const { done, seen } = await counters.hammer(1_500, true);
  expect([...seen].filter((result) => result !== 'ok' && result !== conflict)).toEqual([]);
  expect(done).toBeGreaterThan(20);
  expect((await counters.total()) - before).toBe(done);
});

test('without retry they see the conflict and no other error, and what was told committed is there', async () => {
  const before = await counters.total();
  const { done, seen } = await counters.hammer(1_000, false);
  expect([...seen].toSorted()).toEqual([conflict, 'ok']);
  expect((await counters.total()) - before).toBe(done);
});

test('statements outside transactions lose no increment either', async () => {
  const before = await counters.total();
  const results = await Promise.all(
    counters.clients.map(async (client, index) => {
      const own: string[] = [];
      for (let turn = 0; turn < 30; turn += 1) {
        own.push(await outcome(client.query(`UPDATE counter SET n = n + 1 WHERE id = ${1 + ((turn + index) % 3)}`)));
      }
      return own;
    }),
  );
  const all = results.flat();
  expect([...new Set(all)].filter((result) => result !== 'ok' && result !== conflict)).toEqual([]);
  expect((await counters.total()) - before).toBe(all.filter((result) => result === 'ok').length);
});
