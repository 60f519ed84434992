import type { LocalTarget } from '../support/local-target.ts';
import { generateScenario } from './generate.ts';
import { playScenario } from './play.ts';
import { describeScenario, type Scenario } from './scenario.ts';
import { shrinkScenario } from './shrink.ts';

/** How often a failing scenario is played again to make it smaller. */
const shrinkTries = 150;

let played = 0;

async function problemOf(target: LocalTarget, scenario: Scenario): Promise<string | undefined> {
  played += 1;
  return await playScenario(target, `t${played}`, scenario);
}

/**
 * Plays the scenario of a seed.
 *
 * @returns what is wrong, with the smallest scenario found that shows it; undefined when nothing is
 */
export async function trySeed(target: LocalTarget, seed: number, shrinks = true): Promise<string | undefined> {
  const scenario = generateScenario(seed);
  const problem = await problemOf(target, scenario);
  if (problem === undefined) return undefined;
  const small = shrinks
    ? await shrinkScenario(scenario, async (smaller) => isAlike(await problemOf(target, smaller), problem), shrinkTries)
    : scenario;
  const rest = small === scenario ? problem : await problemOf(target, small);
  return `TRUTH_SEED=${seed} RUNS=1: ${problem}\n\nsmaller: ${rest}\n${describeScenario(small)}`;
}

/** Whether two problems are of one kind, whatever run and numbers they name. */
function isAlike(one: string | undefined, other: string): boolean {
  const kindOf = (problem: string): string => problem.replaceAll(/\d+/g, '#').slice(0, 40);
  return one !== undefined && kindOf(one) === kindOf(other);
}

/** The seeds to play: `RUNS` of them from `TRUTH_SEED` on, else as many as given from 1 on. */
export function seedsOf(runs: number): readonly number[] {
  const first = Number(process.env.TRUTH_SEED ?? 1);
  return Array.from({ length: Number(process.env.RUNS ?? runs) }, (_, index) => first + index);
}
