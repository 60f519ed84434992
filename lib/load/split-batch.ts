import { classifyFailure, type DatabaseFailure } from '../dsql/failure.ts';
import { withRetries } from '../dsql/retry.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { EtlError } from '../errors.ts';
import type { Column } from '../manifest.ts';
import { type LedgerEntry, ledgerKey, readLedgerEntry, writeLedgerEntry } from '../state/ledger.ts';
import { insertRefusedRows, type RefusedRows } from '../state/rejected-row.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { renderRange, renderRowsJson } from './batch.ts';
import type { BatchRange } from './cut-chunk.ts';
import type { Arrays } from './rendering.ts';
import { type Batch, checked, type WriteContext, writeBatch } from './write-batch.ts';

/** SQLSTATEs of a server, a table or a view that takes no COPY at all. */
const withoutCopy: ReadonlySet<string> = new Set(['0A000', '42601', '42809']);

export interface SplitContext extends WriteContext {
  readonly pipelineName: string;
  readonly session: DuckDbSession;
  readonly columns: readonly Column[];
  /** Of a row that is kept because the database refused it: with those that tell the service's columns from the source's. */
  readonly keptColumns: readonly Column[];
  /** Batches of this run that had committed before it was interrupted, by `ledgerKey`. */
  readonly committed: ReadonlyMap<string, LedgerEntry>;
  /** Batches are rendered for COPY; no longer when the database has not got it, or when a key turned out to be there. */
  copying: boolean;
}

/**
 * Writes a batch; where the database refuses it for its data or its size, writes its halves, until the rows at fault
 * stand alone. They are rejected with the database's own words, the rest load: about 2 × log2(rows) transactions per
 * row at fault. Halves are cut and named by their place, so that a repeat cuts the same ones.
 */
export async function writeOrSplit(
  batch: Batch,
  chunk: ChunkRelation,
  context: SplitContext,
): Promise<readonly LedgerEntry[]> {
  const done = context.committed.get(ledgerKey({ chunk: batch.chunk, batch: batch.id }));
  if (done !== undefined) return [checked(context.runId, batch, done)];
  if (!wasSplit(batch, context.committed)) {
    try {
      return [await writeBatch(batch, context)];
    } catch (error) {
      const failure = classifyFailure(error);
      if (batch.form === 'lines') {
        if (failure.class === 'denied' || error instanceof EtlError) throw error;
        if (withoutCopy.has(failure.code ?? '') || meetsKeys(context, failure)) context.copying = false;
        // The statement will be told by the database what is wrong; COPY is not.
        const arrays = await renderRange(context.session, chunk, context.columns, batch);
        return await writeOrSplit(arrays, chunk, context);
      }
      if (failure.class !== 'refused_row' && failure.class !== 'too_large') throw error;
      const taken = await refusePresent(batch, chunk, context, failure);
      if (taken !== undefined) return [taken];
      if (batch.rows === 1) return [await rejectRow(batch, chunk, context, failure.words, columnOf(error))];
    }
  }
  const middle = batch.from + Math.ceil(batch.rows / 2);
  const halves = [
    { id: `${batch.id}.0`, from: batch.from, to: middle },
    { id: `${batch.id}.1`, from: middle, to: batch.to },
  ];
  const entries: LedgerEntry[] = [];
  for (const half of halves) {
    const rendered = await renderRange(context.session, chunk, context.columns, half);
    entries.push(...(await writeOrSplit(rendered, chunk, context)));
  }
  return entries;
}

/** Somebody else has written keys of this load, which is likely to meet more of them. */
function meetsKeys({ statement }: SplitContext, { code }: DatabaseFailure): boolean {
  return statement.kind === 'upsert' && code === '23505';
}

function wasSplit(batch: BatchRange, committed: ReadonlyMap<string, LedgerEntry>): boolean {
  const halves = ledgerKey({ chunk: batch.chunk, batch: `${batch.id}.` });
  return batch.rows > 1 && [...committed.keys()].some((key) => key.startsWith(halves));
}

function columnOf(error: unknown): string | null {
  return error instanceof Error && 'column' in error && typeof error.column === 'string' ? error.column : null;
}

/**
 * Where rows with the same key are in the table already, adds the others and refuses those, in one transaction: a source
 * of which many rows are there would take a transaction for each otherwise. Undefined where something else is at fault.
 */
async function refusePresent(
  batch: BatchRange & Arrays,
  chunk: ChunkRelation,
  context: SplitContext,
  failure: DatabaseFailure,
): Promise<LedgerEntry | undefined> {
  const { insertNew, runId, sql } = context;
  if (failure.code !== '23505' || insertNew?.kind !== 'insert-new') return undefined;
  try {
    return await withRetries(`Batch ${batch.id} of chunk ${batch.chunk}`, context.retry, async () => {
      const done = await readLedgerEntry(sql, runId, batch.chunk, batch.id);
      if (done !== undefined) return checked(runId, batch, done);
      return await sql.begin(async (transaction) => {
        const added = await transaction.unsafe<{ readonly id: string }[]>(insertNew.text, [...batch.arrays], {
          prepare: true,
        });
        const ids = added.map((row) => row.id);
        const rows = await renderRowsJson(context.session, chunk, context.keptColumns, batch, ids);
        await insertRefusedRows(transaction, {
          ...place(batch, context),
          columnName: null,
          reason: failure.words,
          rows,
        });
        const entry = { ...nothing(batch), inserted: added.length, rejected: rows.length };
        await writeLedgerEntry(transaction, context.fence, runId, entry);
        return checked(runId, batch, entry);
      });
    });
  } catch (error) {
    const { class: kind } = classifyFailure(error);
    if (kind !== 'refused_row' && kind !== 'too_large') throw error;
    return undefined;
  }
}

function place(
  batch: BatchRange,
  { pipelineName, runId }: SplitContext,
): Pick<RefusedRows, 'runId' | 'pipelineName' | 'chunk'> {
  return { runId, pipelineName, chunk: batch.chunk };
}

function nothing(batch: BatchRange): LedgerEntry {
  return { chunk: batch.chunk, batch: batch.id, inserted: 0, updated: 0, unchanged: 0, rejected: 0 };
}

/** Keeps one refused row aside, with its ledger row, in one transaction. */
async function rejectRow(
  batch: BatchRange,
  chunk: ChunkRelation,
  context: SplitContext,
  words: string,
  column: string | null,
): Promise<LedgerEntry> {
  const entry: LedgerEntry = { ...nothing(batch), rejected: 1 };
  const rows = await renderRowsJson(context.session, chunk, context.keptColumns, batch);
  return await withRetries(`Rejected row ${batch.from} of chunk ${batch.chunk}`, context.retry, async () => {
    const done = await readLedgerEntry(context.sql, context.runId, batch.chunk, batch.id);
    if (done !== undefined) return checked(context.runId, batch, done);
    await context.sql.begin(async (transaction) => {
      await insertRefusedRows(transaction, { ...place(batch, context), columnName: column, reason: words, rows });
      await writeLedgerEntry(transaction, context.fence, context.runId, entry);
    });
    return entry;
  });
}
