import type { Scenario, Step } from './scenario.ts';

/**
 * Makes a failing scenario smaller while it still fails: drops runs, rows, settings and columns, as long as one can go.
 *
 * @param isWrong  whether a scenario fails
 * @param tries  how often it may be asked
 */
export async function shrinkScenario(
  scenario: Scenario,
  isWrong: (smaller: Scenario) => Promise<boolean>,
  tries: number,
): Promise<Scenario> {
  let best = scenario;
  let left = tries;
  for (let found = true; found && left > 0; ) {
    found = false;
    for (const smaller of smallerOnes(best)) {
      if (left === 0) break;
      left -= 1;
      if (await isWrong(smaller)) {
        best = smaller;
        found = true;
        break;
      }
    }
  }
  return best;
}

/** Scenarios with one thing less, the greatest steps first. */
function* smallerOnes(scenario: Scenario): Generator<Scenario> {
  const { steps } = scenario;
  for (const index of steps.keys()) {
    if (steps.length > 1) yield { ...scenario, steps: steps.filter((_, at) => at !== index) };
  }
  const withStep = (index: number, step: Step): Scenario => ({
    ...scenario,
    steps: steps.map((given, at) => (at === index ? step : given)),
  });
  for (const setting of ['excluded', 'renamed', 'fallback', 'exploded'] as const) {
    if (scenario.shape?.[setting] !== undefined) {
      yield { ...scenario, shape: { ...scenario.shape, [setting]: undefined } };
    }
  }
  const columns = new Set(steps.flatMap((step) => step.columns));
  for (const column of columns) {
    if (column === 'id' || column === 'changed' || scenario.keys.includes(column)) continue;
    yield {
      ...scenario,
      steps: steps.map((step) => ({ ...step, columns: step.columns.filter((one) => one !== column) })),
    };
  }
  for (const [index, step] of steps.entries()) {
    const half = Math.ceil(step.rows.length / 2);
    if (half > 1) {
      yield withStep(index, { ...step, rows: step.rows.slice(0, half) });
      yield withStep(index, { ...step, rows: step.rows.slice(half) });
    }
  }
  for (const [index, step] of steps.entries()) {
    for (const setting of ['again', 'force', 'before', 'idsAbove', 'idsBelow', 'declared'] as const) {
      if (step[setting] === undefined) continue;
      const { [setting]: _, ...without } = step;
      yield withStep(index, without);
    }
    if (step.files > 1) {
      yield withStep(index, { ...step, files: 1, rows: step.rows.map((row) => ({ ...row, file: 0 })) });
    }
    for (const at of step.rows.keys()) {
      yield withStep(index, { ...step, rows: step.rows.filter((_, other) => other !== at) });
    }
  }
}
