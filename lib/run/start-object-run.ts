import type { Lease } from '../state/lease.ts';
import { gatherObjects, passOverTaken } from './gather-objects.ts';
import { keepObjects } from './kept-objects.ts';
import { limitsOf } from './object-choice.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { type Start, startRun } from './start.ts';

/**
 * As `startRun`, for the objects of the pipeline that wait instead of its configured files.
 *
 * @returns undefined where none waits that has anything to load
 */
export async function startObjectRun(
  context: RunContext,
  demand: RunDemand,
  lease: Lease,
  given: { readonly runId: string; readonly startTime: string },
): Promise<Start | undefined> {
  const objects = await gatherObjects(context, lease, given.runId, limitsOf(context.pipeline.settings));
  if (objects.files.length === 0) return undefined;
  const start = await startRun({ ...context, objects }, demand, lease, given);
  if ('run' in start) await keepObjects(context, start.run, objects);
  else await passOverTaken(context, lease, given.runId, start.skip.message);
  return start;
}
