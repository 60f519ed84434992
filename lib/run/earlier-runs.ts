import { loadModeTraits } from '../config/load-mode.ts';
import { readManifest } from '../extract/raw-objects.ts';
import { takeBackRun } from '../load/take-back.ts';
import type { TargetTable } from '../load/target-table.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { closeRun, type LoadedRun, type LoggedRun } from '../state/run-log.ts';
import { EarlierRunError } from './errors.ts';
import { planFingerprint } from './plan-fingerprint.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { prefixOf } from './store-keys.ts';

/** What a new run finds of those before it; its lease keeps all of them from writing. */
export interface EarlierRuns {
  readonly context: RunContext;
  readonly demand: RunDemand;
  readonly fence: Fence;
  /** Of the run that asks. */
  readonly runId: string;
  readonly table: TargetTable | undefined;
  /** Of the source's files, where it has any. */
  readonly fingerprint: string | undefined;
}

/**
 * Finds the run to go on with: interrupted, over the same source, under the same plan, into the same table, with its files;
 * and closes all the others, so that the rows of none of them come twice.
 *
 * @returns the run that goes on
 * @throws {EarlierRunError} terminal: rows of a run can neither be finished nor told from others; nothing was written
 */
export async function settleUnfinished(
  earlier: EarlierRuns,
  unfinished: readonly LoggedRun[],
): Promise<LoggedRun | undefined> {
  const problems = new Map<LoggedRun, string>();
  const able: LoggedRun[] = [];
  for (const run of unfinished) {
    const problem = await whyNotContinued(earlier, run);
    if (problem === undefined) able.push(run);
    else problems.set(run, problem);
  }
  // Of several the one with rows in the table: it would have to be taken back otherwise.
  const continued = able.find((run) => run.batches > 0) ?? able[0];
  for (const run of unfinished) {
    if (run !== continued) await close(earlier, run, problems.get(run) ?? 'another run is finished instead');
  }
  return continued;
}

/**
 * Takes back what earlier runs have loaded of the same content, where a repeat would add it again.
 *
 * @throws {EarlierRunError} terminal: their rows cannot be told from others; nothing was written
 */
export async function takeBackLoaded(earlier: EarlierRuns, loaded: readonly LoadedRun[]): Promise<void> {
  for (const run of loaded) await removeRows(earlier, run, 'it was told to load the content again', undefined);
}

/** Why a run cannot be gone on with; undefined when it can. */
async function whyNotContinued(earlier: EarlierRuns, run: LoggedRun): Promise<string | undefined> {
  const { context, demand, fingerprint, table } = earlier;
  if (run.status === 'failed' && run.batches === 0) return 'it had loaded nothing';
  if (demand.again) return 'it was told to start over';
  if (run.plan_fingerprint !== planFingerprint(context.pipeline.settings, demand.range)) {
    return 'the configuration has changed';
  }
  if (run.batches > 0 && table === undefined) return 'its table is gone';
  if (fingerprint !== undefined && run.source_fingerprint !== null && run.source_fingerprint !== fingerprint) {
    return 'the source has changed';
  }
  const raw = await readManifest(context.store, prefixOf(run));
  if (run.batches > 0 && raw === undefined) return 'its files are not here';
  // The table may have changed since the API was asked.
  if (raw?.not_modified === true) return 'it had found nothing new';
  return undefined;
}

async function close(earlier: EarlierRuns, run: LoggedRun, why: string): Promise<void> {
  const { context, fence, runId } = earlier;
  const { load_mode: mode } = context.pipeline.settings;
  if (run.batches > 0 && !loadModeTraits[mode].repeatsAreHarmless) {
    return await removeRows(earlier, run, why, `Interrupted after ${run.batches} batches, whose rows were taken back.`);
  }
  const what =
    run.batches === 0
      ? undefined
      : `Interrupted after ${run.batches} batches, which stay loaded. Run ${runId} did not continue it, because ${why}.`;
  await fenced('Closing an earlier run', context.target, fence, (transaction) =>
    closeRun(transaction, run.run_id, runId, what),
  );
  await context.store.removeAll(prefixOf(run));
}

async function removeRows(
  earlier: EarlierRuns,
  run: Pick<LoggedRun, 'run_id'>,
  why: string,
  what: string | undefined,
): Promise<void> {
  const { context, fence, runId, table } = earlier;
  if (table !== undefined) {
    const deleted = await takeBackRun(context.target, fence, table, run.run_id);
    if (deleted === undefined) {
      throw new EarlierRunError({ runId: run.run_id, table: context.pipeline.settings.target_table, why });
    }
  }
  await fenced('Closing an earlier run', context.target, fence, (transaction) =>
    closeRun(transaction, run.run_id, runId, what),
  );
  await context.store.removeAll(prefixOf(run));
}
