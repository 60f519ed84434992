import { loadModeTraits } from '../config/load-mode.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import { runStatement } from '../dsql/target.ts';
import type { SourceFingerprint } from '../extract/request.ts';
import { fenced } from '../state/fence.ts';
import { type Lease, type LeaseRequest, takeLease } from '../state/lease.ts';
import { findEvent, logStart } from '../state/run-log.ts';
import { ensureServiceTables } from '../state/service-tables.ts';
import { settleUnfinished, takeBackLoaded } from './earlier-runs.ts';
import { lookBack } from './look-back.ts';
import { settleOthersUndos } from './others-undos.ts';
import { claimRows } from './replay-claims.ts';
import { resetUnder } from './reset.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { finishUndos } from './undo.ts';
import { usableValidator } from './usable-validator.ts';

/** A run that may go on, or why there is nothing to do. */
export type Start =
  | { readonly run: Run; readonly source: SourceFingerprint | undefined }
  | {
      readonly skip: {
        readonly code: 'already_running' | 'already_loaded' | 'repeated_event';
        readonly message: string;
      };
    };

/** The pipeline's lease, or why there is nothing to do. */
export type Reserved = { readonly lease: Lease } | Extract<Start, { skip: unknown }>;

/** Makes the service's tables where they are missing, and takes the pipeline's lease; the first contact with the target. */
export async function reserve(context: RunContext, request: Omit<LeaseRequest, 'name'>): Promise<Reserved> {
  await ensureServiceTables(context.target);
  const taken = await runStatement('Taking the lease', context.target, () =>
    takeLease(context.target, { ...request, name: context.pipeline.name }),
  );
  if ('lease' in taken) return taken;
  const message = `Run ${taken.heldBy?.run_id ?? 'unknown'} of this pipeline is under way.`;
  return { skip: { code: 'already_running', message } };
}

/**
 * Decides what a run does: skips content that is loaded already, goes on with a run that was interrupted, or begins a
 * new one, and logs it under the lease.
 *
 * @param runId  of a new run; an interrupted run that goes on keeps its own
 * @throws what reading the source's files throws: missing, unreadable
 */
export async function startRun(
  context: RunContext,
  demand: RunDemand,
  lease: Lease,
  { runId, startTime }: { readonly runId: string; readonly startTime: string },
): Promise<Start> {
  const { pipeline } = context;
  const { sql } = context.target;
  const name = pipeline.settings.target_table;
  const retried = <T>(what: string, work: () => Promise<T>): Promise<T> => runStatement(what, context.target, work);
  const first =
    demand.eventId === undefined
      ? undefined
      : await retried('Reading the execution log', () => findEvent(sql, pipeline.name, demand.eventId ?? '', runId));
  if (first !== undefined) {
    const message = `The same event started run ${first.run_id}, whose status is ${first.status}. Start the pipeline by hand to run it again.`;
    return { skip: { code: 'repeated_event', message } };
  }
  await clearBefore(context, demand, lease);
  const { adds, comparable, latest, plan, same, skip, source, table, unfinished } = await lookBack(context, demand);
  if (skip !== undefined) return { skip };
  const earlier = { context, demand, fence: lease, runId, table, fingerprint: source?.fingerprint };
  // Rows that are run again go into the table beside those of an interrupted load, which its own source goes on with.
  const settled = demand.replay === undefined ? unfinished : unfinished.filter(({ kind }) => kind === 'replay');
  const continued = await settleUnfinished(earlier, settled);
  if (adds && continued === undefined && !comparable) await takeBackLoaded(earlier, same);
  const validator = continued === undefined ? await usableValidator(context, demand, { table, latest }) : undefined;
  const run: Run = {
    run_id: continued?.run_id ?? runId,
    trigger: demand.trigger,
    start_time: startTime,
    resumed: continued !== undefined,
    repeated: adds
      ? comparable && same.length > 0
      : same.length > 0 || unfinished.some((one) => one !== continued && one.batches > 0),
    epoch: lease.epoch,
    ...(validator === undefined ? {} : { validator }),
    ...(demand.force === undefined ? {} : { force: demand.force }),
    ...(demand.range === undefined ? {} : { range: demand.range }),
    ...(demand.replay === undefined ? {} : { replay_of: demand.replay.ofRun }),
    ...(context.objects === undefined ? {} : { objects: context.objects.files.length }),
  };
  await fenced('Writing the execution log', context.target, fenceOf(context, run), (transaction) =>
    logStart(transaction, {
      run,
      pipelineName: pipeline.name,
      targetTable: name,
      loadMode: pipeline.settings.load_mode,
      planFingerprint: plan,
      sourceFingerprint: source?.fingerprint ?? null,
      eventId: demand.eventId ?? null,
    }),
  );
  const of = { pipelineName: pipeline.name, targetTable: name };
  await settleOthersUndos(context, of, run.run_id, demand.wait === true);
  if (demand.replay !== undefined) await claimRows(context, fenceOf(context, run), run.run_id, demand.replay);
  return { run, source };
}

/** Finishes what an undo or a reset has begun, and begins anew where that is asked for. */
async function clearBefore(context: RunContext, demand: RunDemand, fence: Lease): Promise<void> {
  const { name, settings } = context.pipeline;
  await finishUndos(context, fence, name);
  if (demand.fullRefresh !== true) return;
  const reset = { pipelineName: name, targetTable: settings.target_table, keepRows: keepsRows(settings) };
  await resetUnder(context, fence, reset, demand.trigger);
}

/** Whether a load of everything makes the table right without its rows being deleted before. */
function keepsRows({ load_mode: mode }: PipelineSettings): boolean {
  return loadModeTraits[mode].deletesUnread;
}
