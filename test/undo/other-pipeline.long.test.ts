import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { playUndoBesideRun } from '../support/undo-beside-run.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

describe('a run of another pipeline into the table of an undo', () => {
  it.each(['same', 'other'] as const)(
    'leaves the table right at every statement of the undo (%s rows)',
    { timeout: 900_000 },
    async (beside) => {
      let struck = true;
      let n = 0;
      while (struck) {
        n += 1;
        struck = await playUndoBesideRun(target, `beside_${beside}_${n}`, { beside, n });
      }
      expect(n).toBeGreaterThan(20);
    },
  );
});
