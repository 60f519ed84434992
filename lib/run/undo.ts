import { randomUUID } from 'node:crypto';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { EtlError, messageOf } from '../errors.ts';
import { deleteInserted, stampsOf } from '../load/inserted-rows.ts';
import { describeTable } from '../load/target-table.ts';
import type { ObjectStore } from '../object-store.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { keepLease, leaseSeconds, takeLease, unstopped } from '../state/lease.ts';
import { readBatches, readPipelineBatches } from '../state/ledger.ts';
import { findUnfinishedUndos, type PastRun } from '../state/run-history.ts';
import { closeRun } from '../state/run-log.ts';
import {
  closeRunsOf,
  dropAnnounced,
  logUndoAnnounced,
  logUndoEnd,
  logUndoFailure,
  logUndoStart,
  reopenRejected,
  type UndoKind,
} from '../state/undo-log.ts';
import { forgetWatermarks, restoreWatermark } from '../state/watermark.ts';
import { PipelineBusyError } from './errors.ts';
import { requireNoLoad } from './other-loads.ts';
import { settleRejected } from './settle-rejected.ts';
import { prefixOf } from './store-keys.ts';
import { requireUndoable } from './undo-check.ts';

/** What taking rows back needs. */
export interface UndoContext {
  readonly target: Target;
  /** Where files of interrupted runs may be. */
  readonly store: Pick<ObjectStore, 'removeAll'>;
  /** Transactions in flight at once. */
  readonly connections: number;
  readonly onBatches?: ((batches: number, of: number) => void) | undefined;
}

/** What is to be taken back. */
export interface UndoJob {
  /** Of the run that takes it back. */
  readonly run_id: string;
  readonly kind: UndoKind;
  /** The run that an undo takes back. */
  readonly of_run: string | null;
  readonly pipeline_name: string;
  readonly target_table: string;
  /** Rows that are deleted when it has ended. */
  readonly rows_deleted: number;
}

/** How it was taken back. */
export interface UndoResult extends UndoJob {
  /** The pipeline's watermark: back where it was, forgotten, or as it was because another run moved it last, or none did. */
  readonly watermark: 'restored' | 'forgotten' | 'unchanged';
  /** It had begun before and was finished. */
  readonly resumed: boolean;
}

/**
 * Takes back what a run has inserted, under the lease of its pipeline, as a run of its own.
 *
 * @throws {UndoRefusedError} terminal: it cannot be done exactly; nothing was changed
 * @throws {PipelineBusyError} terminal: the pipeline is at work
 * Killed midway: some batches are taken back; the same call, or the next run of the pipeline, takes back the others.
 */
export async function undoRun(context: UndoContext, run: PastRun, trigger: string): Promise<UndoResult> {
  const { pipeline_name, target_table } = run;
  return await underLease(context, pipeline_name, async (fence, runId) => {
    const finished = await finishUndos(context, fence, pipeline_name);
    const same = finished.find((one) => one.of_run === run.run_id);
    if (same !== undefined) return same;
    const job = { run_id: runId, kind: 'undo' as const, of_run: run.run_id, pipeline_name, target_table };
    return await beginUndo(context, fence, trigger, job, async () => (await requireUndoable(context.target, run)).rows);
  });
}

/**
 * Announces it, looks whether it may be done, and does it. From the announcement on no other pipeline begins a load into the
 * table, and from its beginning on every run of the pipeline, and every run into the table, finishes it before anything else.
 *
 * @param count  the rows that it will delete, as nobody else changes them any more
 * @throws {PipelineBusyError} terminal: another pipeline is loading the table; nothing was changed
 * @throws what `count` throws; nothing was changed
 */
export async function beginUndo(
  context: UndoContext,
  fence: Fence,
  trigger: string,
  planned: Omit<UndoJob, 'rows_deleted'>,
  count: () => Promise<number>,
): Promise<UndoResult> {
  const { target } = context;
  const startTime = target.retry.clock.now().toISOString();
  const of = { pipelineName: planned.pipeline_name, targetTable: planned.target_table };
  await fenced('Writing the execution log', target, fence, (transaction) =>
    logUndoAnnounced(transaction, {
      ...of,
      runId: planned.run_id,
      kind: planned.kind,
      ofRun: planned.of_run,
      trigger,
      startTime,
      epoch: fence.epoch,
    }),
  );
  let rows: number;
  try {
    if (planned.kind !== 'forget') await requireNoLoad(target, of, planned.run_id);
    rows = await count();
  } catch (error) {
    await fenced('Writing the execution log', unstopped(target), fence, (transaction) =>
      dropAnnounced(transaction, of.pipelineName),
    ).catch(() => undefined);
    throw error;
  }
  const job = { ...planned, rows_deleted: rows };
  await fenced('Writing the execution log', target, fence, async (transaction) => {
    await Promise.all([
      logUndoStart(transaction, job.run_id, rows),
      ...(job.of_run === null
        ? []
        : [closeRun(transaction, job.of_run, job.run_id, `Taken back by run ${job.run_id}.`)]),
    ]);
  });
  return await finishLogged(context, fence, job);
}

/** Does something under the lease of a pipeline, which ends with it. @throws {PipelineBusyError} where another run has it */
export async function underLease<T>(
  { target }: Pick<UndoContext, 'target'>,
  pipelineName: string,
  work: (fence: Fence, runId: string) => Promise<T>,
): Promise<T> {
  const runId = randomUUID();
  const request = { name: pipelineName, holder: randomUUID(), runId, seconds: leaseSeconds, pid: target.pid };
  const taken = await runStatement('Taking the lease', target, () => takeLease(target, request));
  if (!('lease' in taken)) {
    throw new PipelineBusyError(pipelineName, `run ${taken.heldBy?.run_id ?? 'unknown'} is under way.`);
  }
  const kept = keepLease(target, taken.lease);
  try {
    return await work(taken.lease, runId);
  } finally {
    await kept.release().catch(() => undefined);
  }
}

/**
 * Finishes what undo and reset runs of a pipeline have begun, before anything else is done with it. Safe to repeat.
 *
 * @throws {LeaseLostError} terminal: the rest is not done
 */
export async function finishUndos(
  context: UndoContext,
  fence: Fence,
  pipelineName: string,
): Promise<readonly UndoResult[]> {
  const jobs = await runStatement('Reading the execution log', context.target, () =>
    findUnfinishedUndos(context.target.sql, pipelineName),
  );
  if (jobs.some((job) => job.announced)) {
    await fenced('Writing the execution log', context.target, fence, (transaction) =>
      dropAnnounced(transaction, pipelineName),
    );
  }
  const results: UndoResult[] = [];
  for (const job of jobs.filter((one) => !one.announced))
    results.push({ ...(await finishLogged(context, fence, job)), resumed: true });
  return results;
}

/** As `finish`, and a failure is in the log. */
async function finishLogged(context: UndoContext, fence: Fence, job: UndoJob): Promise<UndoResult> {
  try {
    return await finish(context, fence, job);
  } catch (error) {
    const failure = { code: error instanceof EtlError ? error.code : 'unexpected', message: messageOf(error) };
    await fenced('Writing the execution log', unstopped(context.target), fence, (transaction) =>
      logUndoFailure(transaction, job.run_id, failure),
    ).catch(() => undefined);
    throw error;
  }
}

async function finish(context: UndoContext, fence: Fence, job: UndoJob): Promise<UndoResult> {
  const { store, target } = context;
  const { kind, of_run: ofRun, run_id: runId } = job;
  const of = { pipelineName: job.pipeline_name, targetTable: job.target_table };
  if (ofRun === null) await closeRunsOf(target, fence, of, runId);
  if (kind !== 'forget') await deleteRows(context, fence, job);
  const why = ofRun === null ? 'the pipeline was reset' : 'its run was taken back';
  await settleRejected(target, fence, { pipelineName: job.pipeline_name, runId: ofRun ?? undefined }, { runId, why });
  if (ofRun !== null) await reopenRejected(target, fence, ofRun);
  let restored = false;
  await fenced('Writing the execution log', target, fence, async (transaction) => {
    const moved = ofRun === null ? forgetWatermarks(transaction, of) : restoreWatermark(transaction, of, ofRun);
    const [, back] = await Promise.all([logUndoEnd(transaction, runId), moved]);
    restored ||= back === true;
  });
  if (ofRun !== null) await store.removeAll(prefixOf({ run_id: ofRun }));
  const watermark = ofRun === null ? 'forgotten' : restored ? 'restored' : 'unchanged';
  return { ...job, watermark, resumed: false };
}

/** Deletes what the batches that are still in the ledger have inserted; nothing where the table is gone. */
async function deleteRows(context: UndoContext, fence: Fence, job: UndoJob): Promise<void> {
  const { sql } = context.target;
  const table = await runStatement('Reading the catalog', context.target, () =>
    describeTable(sql, parseTableName(job.target_table)),
  );
  const stamps = table === undefined ? undefined : stampsOf(table);
  if (table === undefined || stamps === undefined) return;
  const batches = await runStatement('Reading the ledger', context.target, () =>
    job.of_run === null ? readPipelineBatches(sql, job.pipeline_name, job.target_table) : readBatches(sql, job.of_run),
  );
  const { connections, onBatches: onProgress, target } = context;
  await deleteInserted({ target, connections, onProgress, fence, table, stamps, batches });
}
