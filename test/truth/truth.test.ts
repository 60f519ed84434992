import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { seedsOf, trySeed } from './suite.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

describe('after every run the table holds what plain JavaScript makes of the source', () => {
  for (const seed of seedsOf(25)) {
    it(`TRUTH_SEED=${seed} RUNS=1`, async () => {
      const problem = await trySeed(target, seed);
      expect(problem, problem).toBeUndefined();
    });
  }
});
