import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { fingerprintSource } from '../extract/extract.ts';
import type { SourceFingerprint } from '../extract/request.ts';
import { describeTable } from '../load/target-table.ts';
import { fenced } from '../state/fence.ts';
import { type Lease, type LeaseRequest, takeLease } from '../state/lease.ts';
import { findEvent, findLoaded, findUnfinished, logAbandoned, logStart } from '../state/run-log.ts';
import { ensureServiceTables } from '../state/service-tables.ts';
import { planFingerprint } from './plan-fingerprint.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { prefixOf, rawKey } from './store-keys.ts';

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
  const table = pipeline.settings.target_table;
  const retried = <T>(what: string, work: () => Promise<T>): Promise<T> => runStatement(what, context.target, work);
  const first =
    demand.eventId === undefined
      ? undefined
      : await retried('Reading the execution log', () => findEvent(sql, pipeline.name, demand.eventId ?? '', runId));
  if (first !== undefined) {
    const message = `The same event started run ${first.run_id}, whose status is ${first.status}. Start the pipeline by hand to run it again.`;
    return { skip: { code: 'repeated_event', message } };
  }
  const source = await fingerprintSource(context);
  let repeated = false;
  if (source !== undefined) {
    const loaded = await retried('Reading the execution log', () =>
      findLoaded(sql, pipeline.name, table, source.fingerprint),
    );
    const there =
      loaded !== undefined &&
      (await retried('Reading the catalog', () => describeTable(sql, parseTableName(table)))) !== undefined;
    if (there && !demand.again) {
      const message = `The same content was loaded by run ${loaded.run_id} at ${loaded.start_time}. Use --again to load it again.`;
      return { skip: { code: 'already_loaded', message } };
    }
    repeated = there;
  }
  const earlier = await retried('Reading the execution log', () => resume(context, demand, runId, source?.fingerprint));
  const run: Run = {
    run_id: earlier.continued ?? runId,
    trigger: demand.trigger,
    start_time: startTime,
    resumed: earlier.continued !== undefined,
    repeated: repeated || earlier.abandoned,
    epoch: lease.epoch,
    ...(demand.force === undefined ? {} : { force: demand.force }),
    ...(demand.range === undefined ? {} : { range: demand.range }),
  };
  await fenced('Writing the execution log', context.target, fenceOf(context, run), (transaction) =>
    logStart(transaction, {
      run,
      pipelineName: pipeline.name,
      targetTable: table,
      planFingerprint: planFingerprint(pipeline.settings, demand.range),
      sourceFingerprint: source?.fingerprint ?? null,
      eventId: demand.eventId ?? null,
    }),
  );
  return { run, source };
}

/** Finds a run to go on with: interrupted, over the same source, under the same plan. */
async function resume(
  context: RunContext,
  demand: RunDemand,
  runId: string,
  fingerprint: string | undefined,
): Promise<{ readonly continued?: string; readonly abandoned: boolean }> {
  const { pipeline, store } = context;
  const { sql } = context.target;
  const unfinished = await findUnfinished(sql, pipeline.name, pipeline.settings.target_table);
  if (unfinished === undefined) return { abandoned: false };
  if (unfinished.status === 'failed' && unfinished.batches === 0) {
    // Nothing of it is loaded, and nobody will go on with its files.
    await store.removeAll(prefixOf(unfinished));
    return { abandoned: false };
  }
  const samePlan = unfinished.plan_fingerprint === planFingerprint(pipeline.settings, demand.range);
  const staged = (await store.get(rawKey(unfinished))) !== undefined;
  const sameSource =
    fingerprint === undefined
      ? staged || unfinished.batches === 0
      : unfinished.source_fingerprint === fingerprint || unfinished.source_fingerprint === null;
  if (samePlan && sameSource && !demand.again) return { continued: unfinished.run_id, abandoned: false };
  const why = demand.again
    ? 'it was told to start over'
    : samePlan
      ? 'the source has changed'
      : 'the configuration has changed';
  await logAbandoned(
    sql,
    unfinished.run_id,
    `Interrupted after ${unfinished.batches} batches, which stay loaded. Run ${runId} did not continue it, because ${why}.`,
  );
  await store.removeAll(prefixOf(unfinished));
  // Rows of the abandoned run keep their derived ids, so those that come again are recognised.
  return { abandoned: true };
}
