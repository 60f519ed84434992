import type { Sql, Transaction } from '../dsql/connect.ts';
import { classifyFailure } from '../dsql/failure.ts';
import { type RetryContext, withRetries } from '../dsql/retry.ts';
import type { Fence } from '../state/fence.ts';
import { type LedgerEntry, readLedgerEntry, writeLedgerEntry } from '../state/ledger.ts';
import type { BatchRange } from './cut-chunk.ts';
import { LedgerMismatchError, RowsSkippedError } from './errors.ts';
import type { Lines } from './render-lines.ts';
import type { Arrays } from './rendering.ts';
import type { BatchStatement } from './statement.ts';

/** The rows of one transaction. */
export type Batch = BatchRange & (Arrays | Lines);

export interface WriteContext {
  readonly sql: Sql;
  readonly runId: string;
  /** Of the run; nothing is written without it. */
  readonly fence: Fence;
  /** For batches of arrays. */
  readonly statement: BatchStatement;
  /** For batches of lines. */
  readonly copy: string;
  /** What to use instead when rows turn out to be in the table already under their derived ids. */
  readonly insertNew: BatchStatement | undefined;
  /** Rows are known by key columns: one that is there already is a row refused, not the same row again. */
  readonly keyed: boolean;
  readonly retry: RetryContext;
}

/**
 * Writes one batch and its ledger row in one transaction. Safe to repeat: a batch in the ledger is counted, not written.
 *
 * After a lost answer the ledger is read before anything is written again; when another loader committed the same batch
 * in the meantime, the ledger's primary key refuses ours, and its entry counts.
 *
 * @throws {ConflictRetriesExhaustedError} transient: every attempt met 40001
 * @throws {LeaseLostError} terminal: another run has taken the pipeline over
 * @throws {TargetUnavailableError} transient: the connection kept failing
 * @throws the driver's error where the database refused the batch for its data or its size; the caller splits. For
 *   lines that is no more than that the transaction failed; the caller writes them as arrays to learn why
 * Killed midway: all of this batch is committed with its ledger row, or none of it.
 */
export async function writeBatch(batch: Batch, context: WriteContext): Promise<LedgerEntry> {
  const { sql, runId, retry } = context;
  let repeated = false;
  let { statement } = context;
  const note: RetryContext = {
    ...retry,
    onRetry: (failure) => {
      repeated = true;
      retry.onRetry?.(failure);
    },
  };
  return await withRetries(`Batch ${batch.id} of chunk ${batch.chunk}`, note, async () => {
    if (repeated) {
      const done = await readLedgerEntry(sql, runId, batch.chunk, batch.id);
      if (done !== undefined) return checked(runId, batch, done);
    }
    try {
      return batch.form === 'lines' ? await commitLines(batch, context) : await commitArrays(batch, context, statement);
    } catch (error) {
      if (batch.form === 'lines' || classifyFailure(error).code !== '23505') throw error;
      const done = await readLedgerEntry(sql, runId, batch.chunk, batch.id);
      if (done !== undefined) return checked(runId, batch, done);
      if (context.keyed || context.insertNew === undefined || statement === context.insertNew) throw error;
      statement = context.insertNew;
      return await commitArrays(batch, context, statement);
    }
  });
}

async function commitLines(batch: BatchRange & Lines, { copy, fence, runId, sql }: WriteContext): Promise<LedgerEntry> {
  return await sql.begin(async (transaction) => {
    const entry = entryOf(batch, batch.rows, 0);
    // The ledger's row travels behind the lines, in one round trip.
    const [copied] = await Promise.all([
      transaction.copy(copy, batch.lines),
      writeLedgerEntry(transaction, fence, runId, entry),
    ]);
    requireCount(batch, copied);
    return entry;
  });
}

async function commitArrays(
  batch: BatchRange & Arrays,
  { fence, runId, sql }: WriteContext,
  statement: BatchStatement,
): Promise<LedgerEntry> {
  return await sql.begin(async (transaction) => {
    // Asked before the rows are written, in the same snapshot and round trip.
    const asked = statement.tellsInserted === false ? countKeys(transaction, batch, statement) : undefined;
    const insert = transaction.unsafe<{ readonly inserted: boolean }[]>(statement.text, [...batch.arrays], {
      prepare: true,
    });
    if (statement.kind === 'insert') {
      const entry = entryOf(batch, batch.rows, 0);
      // Not awaited one by one: both statements travel in one round trip.
      const [written] = await Promise.all([insert, writeLedgerEntry(transaction, fence, runId, entry)]);
      requireCount(batch, written.count ?? 0);
      return entry;
    }
    const [before, written] = await Promise.all([asked, insert]);
    const inserted = insertedRows(batch, statement, written, before);
    const entry = entryOf(batch, inserted, written.length - inserted);
    // In one round trip: the ledger's row, and whether what was not written, or only said to be, is in the table.
    const [, found] = await Promise.all([
      writeLedgerEntry(transaction, fence, runId, entry),
      countPresent(transaction, batch, statement, written.length),
    ]);
    requireCount(batch, found);
    return entry;
  });
}

/** Rows of the batch that were not in the table; where the statement does not tell, those without a key there before. */
function insertedRows(
  batch: BatchRange,
  { kind, tellsInserted }: BatchStatement,
  written: readonly { readonly inserted: boolean }[],
  before: number | undefined,
): number {
  if (kind !== 'upsert') return written.length;
  if (tellsInserted === true || before === undefined) return written.filter((row) => row.inserted).length;
  return batch.rows - before;
}

/**
 * Of a batch's rows those that are in the table: by key where the database says it has written all, else also by value. An
 * INSERT with ON CONFLICT has been seen to leave out neighbouring rows and to count them (dsql-migration-toolkit,
 * batched_import.py).
 */
async function countPresent(
  transaction: Transaction,
  batch: BatchRange & Arrays,
  statement: BatchStatement,
  written: number,
): Promise<number> {
  if (written === batch.rows) return await countKeys(transaction, batch, statement);
  if (statement.check === undefined) return written;
  return await countOf(transaction, statement.check, batch.arrays);
}

/** Of a batch's rows those whose key is in the table. */
async function countKeys(
  transaction: Transaction,
  { arrays, rows }: BatchRange & Arrays,
  { present }: BatchStatement,
): Promise<number> {
  if (present === undefined) return rows;
  const keys = present.columns.map((index) => arrays[index] ?? '{}');
  return await countOf(transaction, present.text, keys);
}

async function countOf(transaction: Transaction, text: string, parameters: readonly string[]): Promise<number> {
  const [found] = await transaction.unsafe<{ readonly n: string }[]>(text, [...parameters], { prepare: true });
  return Number(found?.n ?? 0);
}

/** What the database says it has written must be what was sent. @throws {RowsSkippedError} otherwise; nothing is committed */
function requireCount(batch: BatchRange, written: number): void {
  if (written !== batch.rows) throw new RowsSkippedError(batch, written);
}

function entryOf(batch: BatchRange, inserted: number, updated: number): LedgerEntry {
  const unchanged = batch.rows - inserted - updated;
  return { chunk: batch.chunk, batch: batch.id, inserted, updated, unchanged, rejected: 0 };
}

/** The ledger's entry, if it speaks of as many rows as the batch has. @throws {LedgerMismatchError} otherwise */
export function checked(runId: string, batch: BatchRange, entry: LedgerEntry): LedgerEntry {
  const rows = entry.inserted + entry.updated + entry.unchanged + entry.rejected;
  if (rows !== batch.rows) {
    throw new LedgerMismatchError(
      runId,
      `batch ${batch.id} of chunk ${batch.chunk} has ${batch.rows} rows and the ledger says ${rows}`,
    );
  }
  return entry;
}
