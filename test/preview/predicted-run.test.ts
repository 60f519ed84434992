import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { generateScenario } from '../truth/generate.ts';
import { playScenario } from '../truth/play.ts';
import { describeScenario } from '../truth/scenario.ts';
import { seedsOf } from '../truth/suite.ts';
import { runPredicted } from './predicted-run.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

for (const seed of seedsOf(4)) {
  it(`predicts what each run of scenario TRUTH_SEED=${seed} does, and writes nothing`, async () => {
    const whole = generateScenario(seed);
    const scenario = { ...whole, steps: whole.steps.slice(0, 2) };
    const problem = await playScenario(target, `p${seed}`, scenario, runPredicted);
    expect(problem, `${problem}\n${describeScenario(scenario)}`).toBeUndefined();
  });
}
