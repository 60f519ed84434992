import { afterAll, describe, expect, test } from 'vitest';
import { EtlError } from '../../lib/errors.ts';
import { seedsOf } from '../truth/suite.ts';
import { isOutcome } from './support/compare.ts';
import { samePipeline } from './support/pipeline.ts';
import { randomPipeline } from './support/random-pipeline.ts';

const seeds = seedsOf(200);
let cleaned = 0;

describe('a random source under a random configuration is the same in pieces as in one go', () => {
  for (const seed of seeds) {
    test(`TRUTH_SEED=${seed} RUNS=1`, async () => {
      const result = await samePipeline(randomPipeline(seed));
      if (isOutcome(result)) cleaned += 1;
      // Refused with the same words, which the comparison has looked at.
      else expect(result).toBeInstanceOf(EtlError);
    }, 300_000);
  }
});

afterAll(() => {
  // Most configurations fit their source.
  if (seeds.length > 20) expect(cleaned).toBeGreaterThan(seeds.length / 2);
});
