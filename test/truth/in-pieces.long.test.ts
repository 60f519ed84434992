import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { transformInPieces } from '../../lib/scatter/transform-in-pieces.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { generateScenario } from './generate.ts';
import { playScenario, type Watch } from './play.ts';
import { describeScenario } from './scenario.ts';
import { seedsOf } from './suite.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

/** Bytes of a piece: a few rows. */
const pieceBytes = 260;

/** Runs the pipeline with its source cleaned in pieces. */
const inPieces: Watch = async (context, demand) => {
  const mb = 1024 * 1024;
  const settings = { ...context.pipeline.settings, pieces_above_mb: 1 / mb, piece_mb: pieceBytes / mb };
  return await runPipeline(
    { ...context, pipeline: { ...context.pipeline, settings }, inPieces: transformInPieces },
    demand,
  );
};

describe('after every run of 40 scenarios in pieces the table holds what plain JavaScript makes of the source', () => {
  for (const seed of seedsOf(40)) {
    it(`TRUTH_SEED=${seed} RUNS=1`, async () => {
      const scenario = generateScenario(seed);
      const problem = await playScenario(target, `p${seed}`, scenario, inPieces);
      expect(problem, describeScenario(scenario)).toBeUndefined();
    }, 120_000);
  }
});
