import { loadModeTraits } from '../config/load-mode.ts';
import { runStatement } from '../dsql/target.ts';
import { supersededRuns } from '../state/run-history.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { settleRejected } from './settle-rejected.ts';

/*
 * Rejected rows of a source that is loaded again are not piled up: the later run has rejected them too, or loaded them, so
 * that nothing has to be done about those of the earlier run.
 */

/** When a run has kept its rejected rows: those of runs that failed with the same content, or that this one has closed. */
export async function settleFailed(context: RunContext, run: Run): Promise<void> {
  await settle(context, run, 'failed');
}

/** Before a run is logged as a success: those of all runs of the same content; where it replaces the table, of all before it. */
export async function settleReplaced(context: RunContext, run: Run): Promise<void> {
  const { load_mode: mode } = context.pipeline.settings;
  await settle(context, run, loadModeTraits[mode].deletesUnread ? 'replaced' : 'loaded');
}

async function settle(context: RunContext, run: Run, which: 'failed' | 'loaded' | 'replaced'): Promise<void> {
  // Rows that are run again are claimed by their run, and are done with it.
  if (run.replay_of !== undefined) return;
  const own = { runId: run.run_id, pipelineName: context.pipeline.name };
  const earlier = await runStatement('Reading the execution log', context.target, () =>
    supersededRuns(context.target.sql, own, which),
  );
  for (const runId of earlier) {
    const by = { runId: run.run_id, why: 'its source was loaded again' };
    await settleRejected(context.target, fenceOf(context, run), { runId, pipelineName: context.pipeline.name }, by);
  }
}
