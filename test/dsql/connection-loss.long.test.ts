import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { type BreakingTarget, breakingTarget, fates, moments, settingsOf } from '../support/breaking-target.ts';

let broken: BreakingTarget;

beforeAll(async () => {
  broken = await breakingTarget();
});

afterEach(async () => await broken.mend());

afterAll(async () => await broken.remove());

describe('a load whose connection is lost', () => {
  it.each(moments.flatMap((moment, index) => fates.map((fate) => ({ ...moment, index, fate }))))(
    'at $moment ($fate) goes on with another one and loads every row once',
    async ({ fate, fits, index, mode, n }) => {
      await broken.loadUnder(`lost_${index}_${fates.indexOf(fate)}`, settingsOf[mode], { n, fits, fate });
    },
  );
});
