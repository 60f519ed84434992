import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playKilledUndo } from '../support/killed-undo.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { overlaps, type Source, takeBackInOrder } from '../support/overlapping-runs.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

const rowsOf = (from: number, to: number, word: string): Source =>
  new Map(Array.from({ length: to - from }, (_, i) => [from + i, `${word}${from + i}`]));

describe('five runs into one table', () => {
  const overlapping = [0, 1, 2, 3, 4].map((day) => rowsOf(day * 30, day * 30 + 50, `day${day}of`));
  const apart = [0, 1, 2, 3, 4].map((day) => rowsOf(day * 50, day * 50 + 50, 'row'));
  const growing = [0, 1, 2, 3, 4].map((day) => rowsOf(0, day * 30 + 30, 'row'));
  const sources = { overlapping, apart, growing };
  const orders = [
    [2, 0, 4, 1, 3],
    [4, 3, 2, 1, 0],
    [0, 1, 2, 3, 4],
  ];
  const cases = overlaps.flatMap((overlap) =>
    Object.keys(sources).flatMap((kind) => orders.map((order) => ({ mode: overlap.name, kind, order }))),
  );

  it.each(cases)('are taken back in any order, or refused ($mode, $kind, $order)', async ({ kind, mode, order }) => {
    const overlap = overlaps.find(({ name }) => name === mode);
    const given = Object.entries(sources).find(([name]) => name === kind)?.[1];
    if (overlap === undefined || given === undefined) throw new Error('no such case');
    const taken = await takeBackInOrder(target, `five_${mode}_${kind}_${order.join('')}`, overlap, given, order);
    // Runs that only add rows can all be taken back.
    if (mode === 'insert' || kind === 'apart') expect(taken.every((one) => one) || mode === 'replace').toBe(true);
  });
});

describe('an undo or a reset that is killed at a statement', () => {
  const plans = (['undo', 'reset'] as const).flatMap((kind) =>
    [false, true].flatMap((late) => (['again', 'run'] as const).map((next) => ({ kind, late, next }))),
  );

  it.each(plans)('is finished ($kind, late: $late, then $next)', { timeout: 900_000 }, async (plan) => {
    let struck = true;
    let n = 0;
    while (struck) {
      n += 1;
      struck = await playKilledUndo(target, { ...plan, n }, `killed_${plan.kind}_${plan.late}_${plan.next}_${n}`);
    }
    expect(n).toBeGreaterThan(20);
  });
});
