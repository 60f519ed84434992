import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Counters, conflict, startCounters } from './counters.ts';

let counters: Counters;

beforeAll(async () => {
  counters = await startCounters();
});

afterAll(async () => {
  await counters.close();
});

test('ten seconds of sixteen connections on eight counters lose no increment and never deadlock', async () => {
  const { done, seen } = await counters.hammer(10_000, true);
  expect([...seen].filter((result) => result !== 'ok' && result !== conflict)).toEqual([]);
  expect(await counters.total()).toBe(done);
});

test('ten seconds without retry see the conflict and nothing else', async () => {
  const before = await counters.total();
  const { done, seen } = await counters.hammer(10_000, false);
  expect([...seen].toSorted()).toEqual([conflict, 'ok']);
  expect((await counters.total()) - before).toBe(done);
});
