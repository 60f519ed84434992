import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KilledReplay, playKilledReplay, replayKinds } from '../support/killed-replay.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

describe('a replay that is killed at every statement', () => {
  const plans: readonly Omit<KilledReplay, 'n'>[] = [
    ...replayKinds.flatMap((kind) => [false, true].map((late) => ({ kind, late, next: 'again' as const }))),
    ...replayKinds.map((kind) => ({ kind, late: true, next: 'run' as const })),
    { kind: 'repaired-insert', late: true, next: 'altered' },
    { kind: 'repaired-upsert', late: true, next: 'altered' },
  ];

  it.each(plans)(
    'is repeated, and each row is there once ($kind, late: $late, $next)',
    { timeout: 900_000 },
    async (plan) => {
      let struck = true;
      let n = 0;
      while (struck) {
        n += 1;
        const table = `killed_${plan.kind.replace('-', '_')}_${plan.late}_${plan.next}_${n}`;
        ({ struck } = await playKilledReplay(target, { ...plan, n }, table));
      }
      expect(n).toBeGreaterThan(20);
    },
  );
});
