import { arrayLiteral } from '../dsql/array-literal.ts';
import type { Sql, Transaction } from '../dsql/connect.ts';
import { tableSpellings } from '../dsql/identifier.ts';
import { LeaseLostError } from './errors.ts';
import type { Fence } from './fence.ts';
import type { TableDefinition } from './table-definition.ts';

/**
 * The batches that have committed, and the deletions. Its primary key refuses a batch's second writer. A deletion has the
 * chunk -1, which no batch has, and a name that nobody looks for: a repeat finds its rows gone, and has none to note.
 */
export const loadLedger = {
  name: 'etl_load_ledger',
  columns: {
    run_id: { type: 'text', required: true },
    chunk: { type: 'integer', required: true },
    batch: { type: 'text', required: true },
    rows_loaded: { type: 'integer', required: true },
    rows_inserted: { type: 'integer', required: true },
    rows_updated: { type: 'integer', required: true },
    rows_rejected: { type: 'integer', required: true },
    loaded_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
    /** Rows of the table that `replace` deleted in this transaction; NULL of a batch. */
    rows_deleted: { type: 'integer' },
  },
  primaryKey: ['run_id', 'chunk', 'batch'],
} as const satisfies TableDefinition;

/** What one committed batch did; written in the same transaction as its rows. */
export interface LedgerEntry {
  readonly chunk: number;
  readonly batch: string;
  readonly inserted: number;
  readonly updated: number;
  /** Rows that were there already, equal in every column that counts. */
  readonly unchanged: number;
  readonly rejected: number;
}

interface LedgerRow {
  readonly chunk: string;
  readonly batch: string;
  readonly rows_loaded: string;
  readonly rows_inserted: string;
  readonly rows_updated: string;
  readonly rows_rejected: string;
}

function entryOf(row: LedgerRow): LedgerEntry {
  const inserted = Number(row.rows_inserted);
  const updated = Number(row.rows_updated);
  return {
    chunk: Number(row.chunk),
    batch: row.batch,
    inserted,
    updated,
    unchanged: Number(row.rows_loaded) - inserted - updated,
    rejected: Number(row.rows_rejected),
  };
}

export function ledgerKey(entry: { readonly chunk: number; readonly batch: string }): string {
  return `${entry.chunk}/${entry.batch}`;
}

/** Every batch of a run that has committed. */
export async function readLedger(sql: Sql, runId: string): Promise<readonly LedgerEntry[]> {
  const rows = await sql<LedgerRow[]>`
    SELECT chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected
      FROM public.etl_load_ledger WHERE run_id = ${runId} AND chunk >= 0`;
  return rows.map(entryOf);
}

/** One batch's entry, or undefined when it has not committed. Read after a lost answer, before writing again. */
export async function readLedgerEntry(
  sql: Sql,
  runId: string,
  chunk: number,
  batch: string,
): Promise<LedgerEntry | undefined> {
  const rows = await sql<LedgerRow[]>`
    SELECT chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected
      FROM public.etl_load_ledger
     WHERE run_id = ${runId} AND chunk = ${chunk} AND batch = ${batch}`;
  return rows[0] === undefined ? undefined : entryOf(rows[0]);
}

/**
 * Adds a batch's entry to the transaction that writes its rows, if the run still has its lease, now and at COMMIT. A second
 * writer of the same batch is refused with 23505.
 *
 * @throws {LeaseLostError} terminal: the transaction must not commit
 */
export async function writeLedgerEntry(
  transaction: Transaction,
  fence: Fence,
  runId: string,
  entry: LedgerEntry,
): Promise<void> {
  const loaded = entry.inserted + entry.updated + entry.unchanged;
  const written = await transaction`
    INSERT INTO public.etl_load_ledger (run_id, chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected)
    SELECT ${runId}::text, ${entry.chunk}::integer, ${entry.batch}::text, ${loaded}::integer, ${entry.inserted}::integer,
           ${entry.updated}::integer, ${entry.rejected}::integer
      FROM public.etl_lease WHERE name = ${fence.name} AND epoch = ${fence.epoch} FOR KEY SHARE`;
  if (written.count !== 1) throw new LeaseLostError(fence.name);
}

/**
 * Notes how many rows a transaction deletes that the source no longer has, in the same transaction, so that a kill behind
 * its COMMIT does not lose the number. In a transaction that checks its lease.
 */
export async function writeDeletion(transaction: Transaction, runId: string, rows: number): Promise<void> {
  await transaction`
    INSERT INTO public.etl_load_ledger
           (run_id, chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected, rows_deleted)
    VALUES (${runId}, -1, gen_random_uuid()::text, 0, 0, 0, 0, ${rows})`;
}

/** What the transactions of a run have done together, in all of its attempts. */
export interface LedgerTotals {
  readonly rows_inserted: number;
  readonly rows_updated: number;
  readonly rows_unchanged: number;
  /** Rows that the database refused. */
  readonly rows_rejected: number;
  /** Rows of the table that the source no longer had. */
  readonly rows_deleted: number;
}

export async function readLedgerTotals(sql: Sql, runId: string): Promise<LedgerTotals> {
  const [row] = await sql<Readonly<Record<keyof LedgerTotals, string | null>>[]>`
    SELECT sum(rows_inserted) AS rows_inserted, sum(rows_updated) AS rows_updated,
           sum(rows_loaded - rows_inserted - rows_updated) AS rows_unchanged, sum(rows_rejected) AS rows_rejected,
           sum(rows_deleted) AS rows_deleted
      FROM public.etl_load_ledger WHERE run_id = ${runId}`;
  const number = (name: keyof LedgerTotals): number => Number(row?.[name] ?? 0);
  return {
    rows_inserted: number('rows_inserted'),
    rows_updated: number('rows_updated'),
    rows_unchanged: number('rows_unchanged'),
    rows_rejected: number('rows_rejected'),
    rows_deleted: number('rows_deleted'),
  };
}

/** A committed batch as far as its rows can be found by it. */
export interface CommittedBatch extends Pick<LedgerEntry, 'chunk' | 'batch' | 'inserted' | 'updated'> {
  readonly runId: string;
  /** When its transaction began, as the database writes it: also the time of the rows that it inserted. */
  readonly at: string;
}

/** The batches of a run that have committed, in the order of their times. */
export async function readBatches(sql: Sql, runId: string): Promise<readonly CommittedBatch[]> {
  const rows = await sql<(LedgerRow & { readonly at: string })[]>`
    SELECT chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected, loaded_at::text AS at
      FROM public.etl_load_ledger WHERE run_id = ${runId} AND chunk >= 0 ORDER BY loaded_at, chunk, batch`;
  return rows.map((row) => ({ ...entryOf(row), runId, at: row.at }));
}

/** All batches that a pipeline has committed into a table, in the order of their times. */
export async function readPipelineBatches(
  sql: Sql,
  pipelineName: string,
  targetTable: string,
): Promise<readonly CommittedBatch[]> {
  const rows = await sql<(LedgerRow & { readonly at: string; readonly run_id: string })[]>`
    SELECT b.run_id, chunk, batch, b.rows_loaded, b.rows_inserted, b.rows_updated, b.rows_rejected, loaded_at::text AS at
      FROM public.etl_load_ledger b JOIN public.etl_execution_log l ON l.run_id = b.run_id
     WHERE l.pipeline_name = ${pipelineName} AND l.target_table = ${targetTable} AND chunk >= 0
     ORDER BY loaded_at, b.run_id, chunk, batch`;
  return rows.map((row) => ({ ...entryOf(row), runId: row.run_id, at: row.at }));
}

/** The first run into the table with batches after a time that left rows as they were; undefined where there is none. */
export async function findLaterUnchanged(
  sql: Sql,
  run: { readonly runId: string; readonly targetTable: string; readonly since: string },
): Promise<{ readonly runId: string; readonly rows: number } | undefined> {
  const rows = await sql<{ readonly run_id: string; readonly unchanged: string }[]>`
    SELECT b.run_id, sum(b.rows_loaded - b.rows_inserted - b.rows_updated) AS unchanged
      FROM public.etl_load_ledger b JOIN public.etl_execution_log l ON l.run_id = b.run_id
     WHERE l.target_table = ANY(${arrayLiteral(tableSpellings(run.targetTable))}::text[]) AND b.run_id <> ${run.runId} AND b.loaded_at > ${run.since}::text::timestamptz
       AND b.rows_loaded > b.rows_inserted + b.rows_updated
     GROUP BY b.run_id ORDER BY min(b.loaded_at) LIMIT 1`;
  const [first] = rows;
  return first === undefined ? undefined : { runId: first.run_id, rows: Number(first.unchanged) };
}
