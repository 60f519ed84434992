import { parseTableName } from '../dsql/identifier.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { findInserted, type Stamps, stampsOf } from '../load/inserted-rows.ts';
import { describeTable, type TargetTable } from '../load/target-table.ts';
import { type CommittedBatch, findLaterUnchanged, readBatches, readLedgerTotals } from '../state/ledger.ts';
import type { PastRun } from '../state/run-history.ts';
import { UndoRefusedError } from './errors.ts';

/** What a run has left in its table, which is exactly what it inserted. */
export interface Undoable {
  readonly table: TargetTable;
  readonly stamps: Stamps;
  readonly batches: readonly CommittedBatch[];
  readonly rows: number;
}

const number = (value: number): string => value.toLocaleString('en');

/**
 * What taking a run back would delete. Only a run that has inserted rows and done nothing else can be taken back, and only
 * while its rows are as it left them: what rows held before they were changed or deleted is not kept.
 *
 * @throws {UndoRefusedError} terminal: why the run cannot be taken back exactly
 */
export async function requireUndoable(target: Target, run: PastRun): Promise<Undoable> {
  const refuse = (why: string, remedy: string): UndoRefusedError =>
    new UndoRefusedError(`Run ${run.run_id} of pipeline ${run.pipeline_name}`, why, remedy);
  const reading = <T>(what: string, work: () => Promise<T>): Promise<T> => runStatement(what, target, work);
  if (run.kind !== 'load' && run.kind !== 'replay') {
    throw refuse('it has loaded nothing itself', 'Load the source again with etl run.');
  }
  const batches = await reading('Reading the ledger', () => readBatches(target.sql, run.run_id));
  const noted = await reading('Reading the ledger', () => readLedgerTotals(target.sql, run.run_id));
  // The ledger of a release before had no deletions, the log of a run that was killed has none.
  const deleted = Math.max(run.rows_deleted, noted.rows_deleted);
  if (batches.length === 0 && (deleted === 0 || run.closed_by !== null)) {
    throw refuse(
      run.closed_by === null ? 'it has loaded no row' : `run ${run.closed_by} has taken its rows back`,
      'There is nothing to do.',
    );
  }
  const table = await reading('Reading the catalog', () => describeTable(target.sql, parseTableName(run.target_table)));
  if (table === undefined || (run.table_id !== null && run.table_id !== table.id)) {
    throw refuse(`the table ${run.target_table} that it loaded is gone`, 'There is nothing to do.');
  }
  const stamps = stampsOf(table);
  if (stamps === undefined) {
    throw refuse(
      `${run.target_table} was not made by the service, so nothing in it tells which rows are the run's`,
      'Delete them by hand.',
    );
  }
  const reset = `Load the source that is right, with load_mode replace, or reset the pipeline with: etl reset ${run.pipeline_name}`;
  const updated = batches.reduce((sum, batch) => sum + batch.updated, 0);
  if (updated > 0) {
    throw refuse(`it changed ${number(updated)} rows, and what they held before is not kept`, reset);
  }
  if (deleted > 0) {
    throw refuse(`it deleted ${number(deleted)} rows, which are not kept`, reset);
  }
  if (run.status !== 'success' && (run.load_mode ?? 'replace') === 'replace') {
    throw refuse('it was interrupted, and may have deleted rows before', reset);
  }
  await requireUntouched({ target, table, stamps, run, batches }, refuse, reset);
  return { table, stamps, batches, rows: batches.reduce((sum, { inserted }) => sum + inserted, 0) };
}

/** Refuses a run whose rows others have changed, deleted, or found to be as they would have loaded them. */
async function requireUntouched(
  {
    batches,
    run,
    stamps,
    table,
    target,
  }: Pick<Undoable, 'table' | 'stamps' | 'batches'> & { readonly target: Target; readonly run: PastRun },
  refuse: (why: string, remedy: string) => UndoRefusedError,
  reset: string,
): Promise<void> {
  const found = await findInserted(target, table, stamps, batches);
  const inserted = batches.reduce((sum, batch) => sum + batch.inserted, 0);
  if (!found.exact) {
    throw refuse(
      `it inserted ${number(inserted)} rows, and the table has ${number(found.rows)} of its times: others have deleted or added some since`,
      reset,
    );
  }
  if (found.changed > 0) {
    throw refuse(`${number(found.changed)} of the ${number(inserted)} rows that it inserted were changed since`, reset);
  }
  const later = await runStatement('Reading the ledger', target, () =>
    findLaterUnchanged(target.sql, {
      runId: run.run_id,
      targetTable: run.target_table,
      since: batches[0]?.at ?? '',
    }),
  );
  if (later !== undefined) {
    throw refuse(
      `run ${later.runId} later read ${number(later.rows)} rows that were in the table already, which may be rows of this run`,
      `Take back run ${later.runId} first where that is what you want, or load the source that is right.`,
    );
  }
}
