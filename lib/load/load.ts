import type { LoadMode } from '../config/load-mode.ts';
import { classifyFailure } from '../dsql/failure.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { EtlError } from '../errors.ts';
import type { Plan } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import { hasYielded } from '../service-columns.ts';
import { sideBySide } from '../side-by-side.ts';
import type { Fence } from '../state/fence.ts';
import { type LedgerEntry, ledgerKey, readLedger } from '../state/ledger.ts';
import type { ChunkReader, ChunkRelation } from '../transform-result.ts';
import { renderArrays } from './batch.ts';
import { withSession } from './chunk-session.ts';
import { copyStatement } from './copy-lines.ts';
import { writtenColumns } from './define-table.ts';
import { BatchFailedError, LedgerMismatchError } from './errors.ts';
import { loadModes, type WriteDemand } from './load-modes.ts';
import { writeRejectedFile } from './rejected-file.ts';
import { renderLines, withLineFolder } from './render-lines.ts';
import { type SplitContext, writeOrSplit } from './split-batch.ts';
import type { Batch } from './write-batch.ts';

export interface LoadRequest extends WriteDemand {
  readonly target: Target;
  /** Of the run; nothing is written without it. */
  readonly fence: Fence;
  readonly runId: string;
  readonly pipelineName: string;
  readonly plan: Plan;
  /** Where its chunks are. */
  readonly reader: ChunkReader;
  /** Folder for DuckDB's temporary files; must exist. */
  readonly scratchDir: string;
  readonly loadMode: LoadMode;
  readonly batchRows: number;
  /** What DuckDB may keep in memory; its default when left out. */
  readonly memoryLimitMb?: number | undefined;
  /** Batches in flight at once, one connection each. */
  readonly connections: number;
  /** Numbers of the chunks to load; all when left out. */
  readonly chunks?: readonly number[];
  readonly onProgress?: (rows: number, of: number) => void;
}

export interface LoadResult {
  readonly rows_inserted: number;
  readonly rows_updated: number;
  readonly rows_unchanged: number;
  /** Rows that the database refused; they are in `etl_rejected_row`. */
  readonly rows_rejected: number;
}

/** What keeping the rejected rows of a run needs. */
export type RejectedRequest = Pick<
  LoadRequest,
  'target' | 'fence' | 'runId' | 'pipelineName' | 'plan' | 'scratchDir'
> & {
  readonly store: Pick<ObjectStore, 'localPath'>;
};

/** Writes the rows that transform kept aside into `etl_rejected_row`. Safe to repeat. */
export async function keepRejectedRows(request: RejectedRequest): Promise<void> {
  const { fence, plan, pipelineName, runId, store, target } = request;
  const files: { readonly path: string; readonly name: string }[] = [];
  for (const part of plan.rejected) {
    files.push({ path: await store.localPath(part.location), name: part.location });
  }
  if (files.length === 0) return;
  await withSession(request, { files }, async (session) => {
    for (const file of files) await writeRejectedFile(target, fence, session, file, { runId, pipelineName });
  });
}

/** Rows of about a batch, which one thread renders sooner than two have shared them out. */
const rowsOfOneThread = 2_000;

/**
 * Loads clean chunks of a run. Every batch commits with its ledger row, so a repeat of the call, from here or elsewhere,
 * at the same time or later, loads nothing twice.
 *
 * @throws {StatementRefusedError} terminal: the database refuses the statement itself
 * @throws {LedgerMismatchError} terminal: the chunks are not those of the run's earlier attempt
 * Killed midway: the batches in the ledger are loaded; the next call goes on with the others.
 */
export async function load(request: LoadRequest): Promise<LoadResult> {
  const { reader, plan, runId, table } = request;
  const { retry, sql } = request.target;
  const chunks = request.chunks ?? [...plan.chunks.keys()];
  const rows = chunks.reduce((sum, number) => sum + (plan.chunks[number]?.rows ?? 0), 0);
  const threads = rows <= rowsOfOneThread ? 1 : undefined;
  // Read while a DuckDB is opened; who waits for it meets the failure.
  const ledger = withRetries('Reading the ledger', retry, () => readLedger(sql, runId));
  ledger.catch(() => undefined);
  const loadFrom = async (session: DuckDbSession, folder: string): Promise<LoadResult> => {
    const columns = writtenColumns(table, plan.columns);
    const writing = loadModes[request.loadMode].plan(request, columns);
    const committed = await ledger;
    const context: SplitContext = {
      sql,
      fence: request.fence,
      runId,
      pipelineName: request.pipelineName,
      session,
      columns,
      keptColumns: plan.columns.filter((column) => columns.includes(column) || hasYielded(column)),
      committed: new Map(committed.map((entry) => [ledgerKey(entry), entry])),
      retry,
      keyed: request.keyColumns.length > 0,
      copy: copyStatement(table, columns),
      copying: writing.copies,
      statement: writing.statement,
      insertNew: writing.insertNew,
    };
    return total(runId, await writeChunks(request, chunks, rows, context, folder), rows);
  };
  // The session ends first: no statement may write to a folder that is gone.
  return await withLineFolder(request.scratchDir, async (folder) =>
    withSession({ ...request, threads }, reader, async (session) => loadFrom(session, folder)),
  );
}

/** Renders chunk after chunk, one ahead, and writes their batches with as many workers as there are connections. */
async function writeChunks(
  request: LoadRequest,
  chunks: readonly number[],
  rowsClean: number,
  context: SplitContext,
  folder: string,
): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  const batches = eachBatch(request, chunks, context, folder);
  let rows = 0;
  await sideBySide(request.connections, async (failed) => {
    while (!failed()) {
      const next = await batches.next();
      if (next.done === true) return;
      const { batch, chunk } = next.value;
      entries.push(...(await writeNamed(batch, chunk, context, { loaded: rows, of: rowsClean })));
      if (batch.form === 'lines') await batch.lines.remove();
      rows += batch.rows;
      request.onProgress?.(rows, rowsClean);
    }
  });
  return entries;
}

/** A failure that no repetition mends says which batch, why, and how to go on. */
async function writeNamed(
  batch: Batch,
  chunk: ChunkRelation,
  context: SplitContext,
  rows: { readonly loaded: number; readonly of: number },
): Promise<readonly LedgerEntry[]> {
  try {
    return await writeOrSplit(batch, chunk, context);
  } catch (error) {
    if (error instanceof EtlError || context.retry.signal?.aborted === true) throw error;
    const { code, words } = classifyFailure(error);
    throw new BatchFailedError(batch.id, batch.chunk, words, code, rows, { cause: error });
  }
}

/** The batches of all chunks; while one group of them is written, the next is rendered. */
async function* eachBatch(
  request: LoadRequest,
  chunks: readonly number[],
  context: SplitContext,
  folder: string,
): AsyncGenerator<{ readonly batch: Batch; readonly chunk: ChunkRelation }> {
  const { batchRows } = request;
  const { columns, session } = context;
  const sized = request.plan.columns;
  const render = (chunk: ChunkRelation): AsyncGenerator<Iterable<Batch>> =>
    context.copying
      ? renderLines({ session, chunk, columns, batchRows, sized, folder })
      : renderArrays(session, chunk, columns, batchRows, sized);
  const groups = async function* (): AsyncGenerator<{
    readonly batches: Iterable<Batch>;
    readonly chunk: ChunkRelation;
  }> {
    for (const number of chunks) {
      const chunk = await request.reader.chunk(number);
      for await (const batches of render(chunk)) yield { batches, chunk };
    }
  };
  const rendered = groups();
  let ahead = rendered.next();
  for (;;) {
    const group = await ahead;
    if (group.done === true) return;
    ahead = rendered.next();
    // A failure is thrown when its turn comes; until then it must not count as unhandled.
    ahead.catch(() => undefined);
    for (const batch of group.value.batches) yield { batch, chunk: group.value.chunk };
  }
}

function total(runId: string, entries: readonly LedgerEntry[], rowsClean: number): LoadResult {
  const sum = (pick: (entry: LedgerEntry) => number): number => entries.reduce((rows, entry) => rows + pick(entry), 0);
  const result: LoadResult = {
    rows_inserted: sum((entry) => entry.inserted),
    rows_updated: sum((entry) => entry.updated),
    rows_unchanged: sum((entry) => entry.unchanged),
    rows_rejected: sum((entry) => entry.rejected),
  };
  const accounted = result.rows_inserted + result.rows_updated + result.rows_unchanged + result.rows_rejected;
  if (accounted !== rowsClean) {
    throw new LedgerMismatchError(runId, `${rowsClean} clean rows and ${accounted} accounted for`);
  }
  return result;
}
