import { quoteTable } from '../dsql/identifier.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import { stampName } from '../service-columns.ts';
import { type Fence, fenced } from '../state/fence.ts';
import type { TargetTable } from './target-table.ts';

/** A committed batch as far as its rows can be found by it. */
interface CommittedBatch {
  readonly chunk: string;
  readonly batch: string;
  readonly inserted: number;
  /** When its transaction began, as the database wrote it: also the `created_at` of the rows that it inserted. */
  readonly at: string;
}

/**
 * Deletes the rows that a run has inserted into a table of ours, batch by batch with their rows of the ledger. A batch's
 * rows have the time of its ledger row in `created_at`, for both are the time of the one transaction.
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
  const { retry, sql } = target;
  const stamp = stampName('created_at', new Map(table.columns.map(({ name }) => [name, name])));
  const stamped = table.columns.some(({ hasDefault, name }) => name === stamp && hasDefault);
  if (!table.ours || !stamped) return undefined;
  const rows = await withRetries(
    'Reading the ledger',
    retry,
    async () =>
      await sql<{ chunk: string; batch: string; at: string; inserted: string; updated: string }[]>`
        SELECT chunk, batch, loaded_at::text AS at, rows_inserted AS inserted, rows_updated AS updated
          FROM public.etl_load_ledger WHERE run_id = ${runId} ORDER BY loaded_at, chunk, batch`,
  );
  const batches: CommittedBatch[] = rows.map((row) => ({ ...row, inserted: Number(row.inserted) }));
  if (rows.some((row) => row.updated !== '0') || !(await foundExactly(target, table, stamp, runId, batches)))
    return undefined;
  let deleted = 0;
  for (const { at, batch, chunk } of batches) {
    deleted += await fenced('Taking back a batch', target, fence, async (transaction) => {
      const gone = await transaction.unsafe(
        `DELETE FROM ${quoteTable(table.name)} WHERE ${stamp} = $1::text::timestamptz`,
        [at],
      );
      await transaction`
        DELETE FROM public.etl_load_ledger
         WHERE run_id = ${runId} AND chunk = ${chunk}::text::integer AND batch = ${batch}`;
      return gone.count ?? 0;
    });
  }
  return deleted;
}

/** Whether each batch's time has exactly the rows in the table that the batch inserted. */
async function foundExactly(
  { retry, sql }: Target,
  table: TargetTable,
  stamp: string,
  runId: string,
  batches: readonly CommittedBatch[],
): Promise<boolean> {
  const found = await withRetries(
    'Counting the rows of an earlier run',
    retry,
    async () =>
      await sql.unsafe<{ readonly at: string; readonly n: string }[]>(
        `SELECT ${stamp}::text AS at, count(*) AS n FROM ${quoteTable(table.name)}
          WHERE ${stamp} IN (SELECT loaded_at FROM public.etl_load_ledger WHERE run_id = $1) GROUP BY ${stamp}`,
        [runId],
      ),
  );
  const counts = new Map(found.map(({ at, n }) => [at, Number(n)]));
  const expected = new Map<string, number>();
  for (const { at, inserted } of batches) expected.set(at, (expected.get(at) ?? 0) + inserted);
  return [...expected].every(([at, inserted]) => (counts.get(at) ?? 0) === inserted);
}
