import { randomUUID } from 'node:crypto';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { findInserted, stampsOf } from '../load/inserted-rows.ts';
import { describeTable } from '../load/target-table.ts';
import type { Fence } from '../state/fence.ts';
import { readPipelineBatches } from '../state/ledger.ts';
import { loadersOf } from '../state/run-history.ts';
import { UndoRefusedError } from './errors.ts';
import { beginUndo, finishUndos, type UndoContext, type UndoResult, underLease } from './undo.ts';

/** Which pipeline is to begin anew, and in which table. */
export interface ResetDemand {
  readonly pipelineName: string;
  readonly targetTable: string;
  /** Leave the rows in the table, and forget only what was loaded and how far. */
  readonly keepRows: boolean;
}

/**
 * What a reset would delete: the rows of the table that the pipeline has inserted. Rows of anybody else stay.
 *
 * @throws {UndoRefusedError} terminal: the pipeline's rows cannot be told from others
 */
export async function requireResettable(target: Target, demand: ResetDemand): Promise<number> {
  const { keepRows, pipelineName, targetTable } = demand;
  if (keepRows) return 0;
  const reading = <T>(what: string, work: () => Promise<T>): Promise<T> => runStatement(what, target, work);
  const refuse = (why: string): UndoRefusedError =>
    new UndoRefusedError(
      `What pipeline ${pipelineName} has loaded into ${targetTable}`,
      why,
      'Delete the rows by hand, and let the pipeline begin anew with: etl reset --keep-rows',
    );
  const batches = await reading('Reading the ledger', () => readPipelineBatches(target.sql, pipelineName, targetTable));
  const table = await reading('Reading the catalog', () => describeTable(target.sql, parseTableName(targetTable)));
  if (batches.length === 0 || table === undefined) return 0;
  const stamps = stampsOf(table);
  if (stamps === undefined)
    throw refuse('the table was not made by the service, so nothing in it tells whose a row is');
  const loaders = await reading('Reading the ledger', () => loadersOf(target.sql, targetTable));
  const overlapping = loaders.some((one) => one.overlapping > 0);
  const others = loaders.filter(({ pipeline }) => pipeline !== pipelineName).map(({ pipeline }) => pipeline);
  if (others.length > 0 && overlapping) {
    throw refuse(`it has rows in common with pipeline ${others.join(', ')}, which loads the same table`);
  }
  return (await findInserted(target, table, stamps, batches)).rows;
}

/**
 * Lets a pipeline begin anew, as a run of its own: deletes the rows of its table that it has inserted, and forgets ledger,
 * watermark and what was loaded.
 *
 * @throws {UndoRefusedError} terminal: its rows cannot be told from others; nothing was changed
 * @throws {PipelineBusyError} terminal: the pipeline is at work
 * Killed midway: some rows are deleted; the same call, or the next run of the pipeline, deletes the others.
 */
export async function resetPipeline(context: UndoContext, demand: ResetDemand, trigger: string): Promise<UndoResult> {
  return await underLease(context, demand.pipelineName, (fence) => resetUnder(context, fence, demand, trigger));
}

/** As `resetPipeline`, for whoever has the pipeline's lease. */
export async function resetUnder(
  context: UndoContext,
  fence: Fence,
  demand: ResetDemand,
  trigger: string,
): Promise<UndoResult> {
  const { pipelineName, targetTable } = demand;
  const kind = demand.keepRows ? ('forget' as const) : ('reset' as const);
  const finished = await finishUndos(context, fence, pipelineName);
  const same = finished.find((one) => one.kind === kind && one.target_table === targetTable);
  if (same !== undefined) return same;
  const job = { run_id: randomUUID(), kind, of_run: null, pipeline_name: pipelineName, target_table: targetTable };
  return await beginUndo(context, fence, trigger, job, () => requireResettable(context.target, demand));
}
