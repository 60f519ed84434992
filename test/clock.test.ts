import { expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';

it('forty waits on one signal are no leak to Node, and all of them end when it is aborted', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): unknown => warnings.push(warning.name);
  process.on('warning', note);
  const stopping = new AbortController();
  const waits = Array.from({ length: 40 }, () => systemClock.sleep(60_000, stopping.signal));
  const ended = Promise.allSettled(waits);
  // Warnings are told in the turn after.
  await new Promise((resolve) => setImmediate(resolve));
  stopping.abort(new Error('Stopped.'));
  expect((await ended).map(({ status }) => status)).toEqual(waits.map(() => 'rejected'));
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
