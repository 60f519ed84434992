import { afterAll, beforeAll, describe, it } from 'vitest';
import { fractions } from '../support/fractions.ts';
import { type KillPlan, kinds, playKillPlan, strokes } from '../support/kill-plans.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

/** More statements than any of the runs has; a plan behind the last one is a run that is left alone. */
const mostStatements = 80;
const runs = Number(process.env.RUNS ?? 300);

/** Every kind with every stroke at every statement; `RUNS` of them, drawn by `SEED`, in an order that is mixed. */
const all: readonly KillPlan[] = kinds.flatMap((kind) =>
  strokes.flatMap((stroke) => Array.from({ length: mostStatements }, (_, i) => ({ kind, stroke, n: i + 1 }))),
);
const random = fractions(Number(process.env.SEED ?? 1));
const plans = all
  .map((plan) => ({ plan, at: random() }))
  .sort((a, b) => a.at - b.at)
  .slice(0, runs)
  .map(({ plan }) => plan);

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

describe('a run that is stopped, killed or doubled at a statement', () => {
  it.each(plans)('leaves the table exactly right ($kind, $stroke at statement $n)', async (plan) => {
    await playKillPlan(target, plan, `kill_${plan.kind}_${strokes.indexOf(plan.stroke)}_${plan.n}`);
  });
});
