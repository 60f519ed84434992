import type { Sql, Transaction } from '../dsql/connect.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import { LeaseLostError } from './errors.ts';
import type { TableDefinition } from './table-definition.ts';

/**
 * The epoch in which each lease is. Whoever takes a lease over deletes the row of the epoch before and inserts its own;
 * rows are never updated. Every transaction of a run reads its own row FOR KEY SHARE: that conflicts with the DELETE at
 * COMMIT, whichever comes first, and not with other transactions of the run.
 */
export const leaseEpoch = {
  name: 'etl_lease',
  columns: {
    name: { type: 'text', required: true },
    epoch: { type: 'bigint', required: true },
    holder: { type: 'text' },
    run_id: { type: 'text' },
    taken_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
  },
  primaryKey: ['name', 'epoch'],
} as const satisfies TableDefinition;

/** What lets a transaction write: the lease's name and the epoch in which it was taken. */
export interface Fence {
  /** The pipeline's name. */
  readonly name: string;
  /** Milliseconds since 1970 when it was taken, by the database's clock; 0 of a run that never had the lease. */
  readonly epoch: number;
}

/** Begins an epoch, in the transaction that takes the lease; ends all before it. */
export async function openFence(
  transaction: Transaction,
  { epoch, holder, name, runId }: Fence & { readonly holder: string; readonly runId?: string | undefined },
): Promise<void> {
  // In one round trip.
  await Promise.all([
    transaction`DELETE FROM public.etl_lease WHERE name = ${name}`,
    transaction`
      INSERT INTO public.etl_lease (name, epoch, holder, run_id) VALUES (${name}, ${epoch}, ${holder}, ${runId ?? null})`,
  ]);
}

/** Ends an epoch: nothing that checks it commits after this transaction. @returns false when it had ended before */
export async function endFence(transaction: Transaction, { epoch, name }: Fence): Promise<boolean> {
  const ended = await transaction`DELETE FROM public.etl_lease WHERE name = ${name} AND epoch = ${epoch}`;
  return ended.count === 1;
}

/** Makes a transaction fail unless its run still has the lease, now and at COMMIT. @throws {LeaseLostError} */
export async function checkFence(transaction: Transaction, { epoch, name }: Fence): Promise<void> {
  const held = await transaction`
    SELECT 1 FROM public.etl_lease WHERE name = ${name} AND epoch = ${epoch} FOR KEY SHARE`;
  if (held.length === 0) throw new LeaseLostError(name);
}

/** For what cannot check the epoch in its own transaction: fails when it has ended by now. @throws {LeaseLostError} */
export async function requireEpoch(sql: Sql, { epoch, name }: Fence): Promise<void> {
  const held = await sql`SELECT 1 FROM public.etl_lease WHERE name = ${name} AND epoch = ${epoch}`;
  if (held.length === 0) throw new LeaseLostError(name);
}

/**
 * Runs statements in one transaction that commits only while the run has the lease; with retries. The check travels with
 * the first statement.
 *
 * @param what  the subject of error messages
 * @param work  queues its statements at once; safe to repeat
 * @throws {LeaseLostError} terminal: nothing was written
 */
export async function fenced<T>(
  what: string,
  { retry, sql }: Pick<Target, 'sql' | 'retry'>,
  fence: Fence,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return await withRetries(what, retry, async () => {
    const [done] = await sql.begin(async (transaction): Promise<readonly [T]> => {
      const [, result] = await Promise.all([checkFence(transaction, fence), work(transaction)]);
      return [result];
    });
    return done;
  });
}
