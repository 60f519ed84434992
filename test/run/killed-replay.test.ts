import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KilledReplay, playKilledReplay } from '../support/killed-replay.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

/** One of each way; every statement is in the long suite. */
const plans: readonly KilledReplay[] = [
  { kind: 'insert', late: true, n: 30, next: 'again' },
  { kind: 'upsert', late: false, n: 30, next: 'again' },
  { kind: 'repaired-insert', late: false, n: 34, next: 'altered' },
];

describe('a replay that is killed at a statement', () => {
  it.each(plans)('is repeated, and each row is there once ($kind, statement $n, $next)', async (plan) => {
    const { struck } = await playKilledReplay(target, plan, `quick_replay_${plan.kind.replace('-', '_')}`);
    expect(struck).toBe(true);
  });
});
