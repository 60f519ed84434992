import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KillPlan, playKillPlan } from '../support/kill-plans.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

/** One of each kind and stroke; every statement of every kind is in the long suite. */
const plans: readonly KillPlan[] = [
  { kind: 'insert', stroke: 'kill-late', n: 30 },
  { kind: 'replace', stroke: 'stop', n: 30 },
  { kind: 'incremental', stroke: 'kill', n: 32 },
  { kind: 'upsert', stroke: 'double', n: 25 },
];

describe('a run that is stopped, killed or doubled at a statement', () => {
  it.each(plans)('leaves the table exactly right ($kind, $stroke at statement $n)', async (plan) => {
    const { struck } = await playKillPlan(target, plan, `quick_${plan.kind}`);
    expect(struck).toBe(true);
  });
});
