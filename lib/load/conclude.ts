import type { LoadMode } from '../config/load-mode.ts';
import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { maxKeyColumns } from '../limits.ts';
import type { Plan } from '../manifest.ts';
import type { Fence } from '../state/fence.ts';
import type { ChunkReader, ChunkRelation } from '../transform-result.ts';
import { withSession } from './chunk-session.ts';
import { writtenColumns } from './define-table.ts';
import { ReplaceNeedsKeyError } from './errors.ts';
import { buildIndexes, type IndexDemand } from './indexes.ts';
import { loadModes } from './load-modes.ts';
import { checkNothingMissing, deleteMissing } from './replace.ts';
import { type TargetTable, tableText } from './target-table.ts';
import { verifyRows } from './verify.ts';

export interface ConcludeRequest {
  readonly target: Target;
  readonly fence: Fence;
  readonly pipelineName: string;
  readonly plan: Plan;
  readonly reader: ChunkReader;
  readonly scratchDir: string;
  /** What DuckDB may keep in memory; its default when left out. */
  readonly memoryLimitMb?: number | undefined;
  readonly table: TargetTable;
  readonly loadMode: LoadMode;
  readonly keyColumns: readonly string[];
  readonly latestBy?: string | undefined;
  readonly indexes: readonly IndexDemand[];
  readonly verify: 'off' | 'count' | 'full';
  readonly batchRows: number;
  /** Rows that the load says are in the table. */
  readonly rowsLoaded: number;
  /** Rows that the database refused. */
  readonly rowsRefused: number;
}

export interface Conclusion {
  /** Rows of the table that the source no longer had. */
  readonly rows_deleted: number;
  /** What was compared and found, e.g. `full: 3,500 rows`; null when nothing was. */
  readonly verified: string | null;
}

/**
 * What follows when all chunks are loaded: `replace` takes away what the source no longer has, missing indexes are built,
 * and the table is compared with what was read. Safe to repeat.
 *
 * @throws {RejectedReplaceError | VerifyFailedError | IndexFailedError} terminal: the rows are loaded all the same
 */
export async function concludeLoad(request: ConcludeRequest): Promise<Conclusion> {
  const { reader, loadMode, plan, table, target, verify } = request;
  const identity = identityOf(table, request.keyColumns);
  const verifies = verify !== 'off' && identity.length > 0;
  if (!loadModes[loadMode].deletesMissing && !verifies) {
    await buildIndexes(target, table.name, request.indexes, request.fence);
    return { rows_deleted: 0, verified: null };
  }
  return await withSession(request, reader, async (session) => {
    const chunks: ChunkRelation[] = [];
    for (const number of plan.chunks.keys()) chunks.push(await reader.chunk(number));
    const rowsDeleted = loadModes[loadMode].deletesMissing ? await deleteRest(request, session, chunks) : 0;
    await buildIndexes(target, table.name, request.indexes, request.fence);
    if (!verifies) return { rows_deleted: rowsDeleted, verified: null };
    const found = await verifyRows({
      target,
      session,
      table,
      chunks,
      columns: writtenColumns(table, plan.columns),
      identity,
      mode: verify,
      latestBy: request.latestBy,
      batchRows: request.batchRows,
      expected: request.rowsLoaded,
    });
    return { rows_deleted: rowsDeleted, verified: `${verify}: ${found.toLocaleString('en')} rows` };
  });
}

/** Deletes the rows of the table that the chunks do not have. @returns how many */
async function deleteRest(
  { fence, keyColumns, rowsRefused, table, target }: ConcludeRequest,
  session: DuckDbSession,
  chunks: readonly ChunkRelation[],
): Promise<number> {
  const request = { target, fence, session, table, chunks, identity: identityOf(table, keyColumns) };
  if (rowsRefused > 0) await checkNothingMissing({ ...request, rejected: { rows: rowsRefused, by: 'database' } });
  return await deleteMissing(request);
}

/** What tells one row of the table from another, in the chunks too; none where the table is not ours and has no key. */
export function identityOf(table: TargetTable, keyColumns: readonly string[]): readonly string[] {
  return table.idColumn !== undefined ? [table.idColumn] : keyColumns.slice(0, maxKeyColumns);
}

/** Refuses a replacement whose rows cannot be told apart. */
export function checkReplaceable(table: TargetTable, keyColumns: readonly string[]): void {
  if (identityOf(table, keyColumns).length === 0) throw new ReplaceNeedsKeyError(tableText(table.name));
}
