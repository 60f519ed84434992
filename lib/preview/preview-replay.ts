import { overRejected, type ReplayDemand } from '../run/replay.ts';
import type { RunContext } from '../run/run-context.ts';
import type { Preview } from './preview.ts';
import { previewPipeline } from './preview-pipeline.ts';

/** What running rejected rows again would do. */
export interface ReplayPreview {
  /** Rows that would be run again. */
  readonly rows: number;
  /** Rows that cannot be run again as they are, by why. */
  readonly left: readonly (readonly [why: string, rows: number])[];
  /** Undefined where there is no row to run. */
  readonly preview: Preview | undefined;
}

/**
 * Computes what a replay of a run's rejected rows would do now; as a preview of a run, it only reads.
 *
 * @throws {ReplayRefusedError} terminal: the run did not succeed
 */
export async function previewReplay(
  context: RunContext,
  demand: Omit<ReplayDemand, 'trigger'>,
): Promise<ReplayPreview> {
  return await overRejected(context, demand, async ({ context: over, ids, left }) => ({
    rows: ids.length,
    left: [...left],
    preview: ids.length === 0 ? undefined : await previewPipeline(over, { again: true }),
  }));
}
