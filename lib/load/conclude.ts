import type { LoadMode } from '../config/load-mode.ts';
import type { Fence } from '../state/fence.ts';
import { countMissingPiece, deletePiece, type LoadedRows, rowsOf, verifyChunks } from './conclude-piece.ts';
import { type RejectedBy, RejectedReplaceError } from './errors.ts';
import { identityOf } from './identity.ts';
import { buildIndexes, type IndexDemand } from './indexes.ts';
import { chunksOfBuckets, keyPieces } from './key-pieces.ts';
import { loadModes } from './load-modes.ts';
import { countKeyless, deleteKeyless } from './replace.ts';
import { type TargetTable, tableText } from './target-table.ts';
import { type VerifyMode, verifiedText } from './verify.ts';

export interface ConcludeRequest extends LoadedRows {
  readonly fence: Fence;
  readonly loadMode: LoadMode;
  readonly latestBy?: string | undefined;
  readonly indexes: readonly IndexDemand[];
  readonly verify: 'off' | VerifyMode;
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
  const { table, target, verify } = request;
  const rowsDeleted = loadModes[request.loadMode].deletesMissing ? await replaceRest(request) : 0;
  await buildIndexes(target, table.name, request.indexes, request.fence);
  if (verify === 'off' || identityOf(table, request.keyColumns).length === 0) {
    return { rows_deleted: rowsDeleted, verified: null };
  }
  const verified = { mode: verify, found: await verifyAll(request, verify), expected: request.rowsLoaded };
  return { rows_deleted: rowsDeleted, verified: verifiedText(table, verified) };
}

/** Deletes the rows of the table that the source does not have, piece by piece. @returns how many */
async function replaceRest(request: ConcludeRequest): Promise<number> {
  // A row that seems gone may be in the way of one that was refused.
  if (request.rowsRefused > 0) {
    await checkNothingMissing(request, { rows: request.rowsRefused, by: 'database' });
    return 0;
  }
  const pieces = keyPieces(request, request.table);
  let rows = await deleteKeyless({ ...rowsOf(request), fence: request.fence });
  for (let number = 0; number < pieces.count; number += 1) rows += await deletePiece(request, number, request);
  return rows;
}

/** Compares all chunks with the table, bucket by bucket where there are buckets. @returns rows found */
async function verifyAll(request: ConcludeRequest, mode: VerifyMode): Promise<number> {
  const { buckets } = request.plan;
  let found = 0;
  for (let bucket = 0; bucket < (buckets?.chunks.length ?? 1); bucket += 1) {
    found += await verifyChunks(request, { ...request, mode }, chunksOfBuckets(request.plan, bucket, bucket + 1));
  }
  return found;
}

/**
 * Refuses a replacement that would delete rows while rows of the source are rejected: a row that seems gone may be one of
 * them. Before anything is written; or before anything is deleted, where the database refused rows, for a row that
 * seems gone may be in their way.
 *
 * @throws {RejectedReplaceError} when the table has rows that the source does not have
 */
export async function checkNothingMissing(rows: LoadedRows, rejected: Rejected): Promise<void> {
  const pieces = keyPieces(rows, rows.table);
  let missing = await countKeyless(rowsOf(rows));
  for (let number = 0; number < pieces.count; number += 1) missing += await countMissingPiece(rows, number);
  requireNothingMissing(rows.table, missing, rejected);
}

/** Rows of the source that were rejected. */
export interface Rejected {
  readonly rows: number;
  readonly by: RejectedBy;
}

/**
 * As `checkNothingMissing`, for those who have counted.
 *
 * @param missing  rows of the table that the source does not have
 */
export function requireNothingMissing(table: TargetTable, missing: number, rejected: Rejected): void {
  if (missing > 0) throw new RejectedReplaceError(tableText(table.name), missing, rejected);
}
