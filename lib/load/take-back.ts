import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import type { Fence } from '../state/fence.ts';
import { readBatches } from '../state/ledger.ts';
import { deleteInserted, findInserted, stampsOf } from './inserted-rows.ts';
import type { TargetTable } from './target-table.ts';

/**
 * Deletes the rows that an earlier run has inserted into a table of ours, batch by batch with their rows of the ledger.
 *
 * @returns rows deleted, or undefined when the rows cannot be told exactly; then nothing was deleted
 * @throws {LeaseLostError} terminal: the rest is not deleted
 * Killed midway: some batches and their rows of the ledger are gone; a repeat deletes the others.
 */
export async function takeBackRun(
  target: Target,
  fence: Fence,
  table: TargetTable,
  runId: string,
): Promise<number | undefined> {
  const stamps = stampsOf(table);
  if (stamps === undefined) return undefined;
  const batches = await withRetries('Reading the ledger', target.retry, () => readBatches(target.sql, runId));
  if (batches.some(({ updated }) => updated > 0)) return undefined;
  if (!(await findInserted(target, table, stamps, batches)).exact) return undefined;
  return await deleteInserted({ target, fence, table, stamps, batches });
}
