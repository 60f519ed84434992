import { deploySchema } from '../config/deploy.ts';
import { regionOfHostname } from '../dsql/endpoint.ts';
import { checkBudget } from '../estimate/check-budget.ts';
import { allInserted, estimateLoad } from '../estimate/estimate-load.ts';
import { withSession } from '../load/chunk-session.ts';
import { type LoadSize, measureLoad } from '../load/measure-load.ts';
import type { TransformResult } from '../transform-result.ts';
import type { RunContext } from './run-context.ts';

/**
 * Refuses a load that would cost more than its pipeline's budget allows, before anything is written. What it costs is
 * measured on the first chunk and taken at the most: that every clean row is inserted.
 *
 * @throws {BudgetExceededError} terminal: by how much
 */
export async function requireWithinBudget(context: RunContext, result: TransformResult): Promise<void> {
  const { name, settings } = context.pipeline;
  const { budget } = settings;
  if (budget === undefined || result.plan.chunks.length === 0) return;
  const size = await measuredSize(context, result, 1);
  const basis = { size, rows: allInserted(size), settings, region: regionOfHostname(context.target.where.endpoint) };
  const deploy = context.deploy ?? deploySchema.parse({});
  checkBudget(name, budget, estimateLoad({ ...basis, deploy }));
}

/** @param most  chunks that are looked at */
export async function measuredSize(
  context: Pick<RunContext, 'pipeline' | 'scratchDir' | 'target'>,
  { chunks, plan }: TransformResult,
  most = Number.POSITIVE_INFINITY,
): Promise<LoadSize> {
  const { pipeline } = context;
  return await withSession({ ...context, pipelineName: pipeline.name }, chunks, async (session) => {
    const relations = [];
    for (const number of plan.chunks.slice(0, most).keys()) relations.push(await chunks.chunk(number));
    return await measureLoad(session, plan, relations, pipeline.settings.batch_rows);
  });
}
