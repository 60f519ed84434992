import type { LoadMode } from '../config/load-mode.ts';
import { withRetries } from '../dsql/retry.ts';
import { readLedgerTotals } from '../state/ledger.ts';
import { countMissingPiece, type LoadedRows, rowsOf } from './conclude-piece.ts';
import { type RejectedBy, RejectedReplaceError } from './errors.ts';
import { identityOf } from './identity.ts';
import { buildIndexes, type IndexDemand } from './indexes.ts';
import { loadModes } from './load-modes.ts';
import { type PieceRequest, type PiecesOf, pieceCounts, workOnPieces } from './piece-work.ts';
import { countKeyless, deleteKeyless } from './replace.ts';
import { tableText } from './target-table.ts';
import { verifiedText } from './verify.ts';

export interface ConcludeRequest extends PiecesOf {
  readonly loadMode: LoadMode;
  readonly indexes: readonly IndexDemand[];
  /** Rows that the load says are in the table. */
  readonly rowsLoaded: number;
  /** Rows that the database refused. */
  readonly rowsRefused: number;
}

export interface Conclusion {
  /** Rows of the table that the source no longer had, deleted by any attempt of the run. */
  readonly rows_deleted: number;
  /** What was compared and found, e.g. `full: 3,500 rows`; null when nothing was. */
  readonly verified: string | null;
}

/** What follows when all chunks are loaded. */
export interface FollowUp {
  /**
   * What is done with the pieces of the table: rows that the source does not have are deleted; or counted, where there
   * must be none, for one that seems gone may be in the way of a row that was refused. Null: nothing.
   */
  readonly takes: 'count' | 'delete' | null;
  /** The rows of the buckets are compared with the table. */
  readonly verifies: boolean;
}

export function followUpOf(request: Omit<ConcludeRequest, 'rowsLoaded'>): FollowUp {
  const { deletesMissing } = loadModes[request.loadMode];
  return {
    takes: deletesMissing ? (request.rowsRefused > 0 ? 'count' : 'delete') : null,
    verifies: request.verify !== 'off' && identityOf(request.table, request.keyColumns).length > 0,
  };
}

/**
 * What follows when all chunks are loaded: `replace` takes away what the source no longer has, missing indexes are built,
 * and the table is compared with what was read. Piece by piece. Safe to repeat.
 *
 * @throws {RejectedReplaceError | VerifyFailedError | IndexFailedError} terminal: the rows are loaded all the same
 */
export async function concludeLoad(request: ConcludeRequest): Promise<Conclusion> {
  const { takes, verifies } = followUpOf(request);
  const counts = pieceCounts(request);
  const all = async (work: PieceRequest['work'], to: number): Promise<number> =>
    (await workOnPieces(request, { work, from: 0, to, rows: 0, after: null })).rows;
  const rowsTaken = takes === null ? 0 : await all(takes, counts.table);
  const rowsDeleted = await settleTaken(request, { takes, rowsTaken });
  const found = verifies ? await all('verify', counts.buckets) : null;
  return { rows_deleted: rowsDeleted, verified: verifiedOf(request, found) };
}

/** What the calls have found that worked on all pieces. */
export interface PiecesDone extends Pick<FollowUp, 'takes'> {
  /** Rows that were counted or deleted. */
  readonly rowsTaken: number;
  /** Rows that were found as they were read; null where nothing was verified. */
  readonly rowsFound: number | null;
}

/**
 * The end of a load whose pieces were worked on by other calls. Safe to repeat.
 *
 * @throws as `concludeLoad`
 */
export async function concludePieces(request: ConcludeRequest, done: PiecesDone): Promise<Conclusion> {
  const rowsDeleted = await settleTaken(request, done);
  return { rows_deleted: rowsDeleted, verified: verifiedOf(request, done.rowsFound) };
}

/** What is done once for all pieces when rows were taken away, and missing indexes. @returns rows deleted */
async function settleTaken(request: ConcludeRequest, done: Omit<PiecesDone, 'rowsFound'>): Promise<number> {
  const { fence, indexes, rowsRefused, runId, table, target } = request;
  let rows = 0;
  if (done.takes === 'count') {
    await requireNothingMissing(request, done.rowsTaken, { rows: rowsRefused, by: 'database' });
  }
  if (done.takes === 'delete') {
    rows = done.rowsTaken + (await deleteKeyless({ ...rowsOf(request), fence, runId }));
    const noted = await withRetries('Reading the ledger', target.retry, () => readLedgerTotals(target.sql, runId));
    // Calls that were killed, or got no answer, did not say what they deleted; functions of a release before did not note it.
    rows = Math.max(rows, noted.rows_deleted);
  }
  await buildIndexes(target, table.name, indexes, fence);
  return rows;
}

function verifiedOf({ rowsLoaded, table, verify }: ConcludeRequest, found: number | null): string | null {
  return verify === 'off' || found === null ? null : verifiedText(table, { mode: verify, found, expected: rowsLoaded });
}

/**
 * Refuses a replacement that would delete rows while rows of the source are rejected: a row that seems gone may be one of
 * them. Before anything is written; or before anything is deleted, where the database refused rows, for a row that
 * seems gone may be in their way.
 *
 * @throws {RejectedReplaceError} when the table has rows that the source does not have
 */
export async function checkNothingMissing(of: LoadedRows, rejected: Rejected): Promise<void> {
  let missing = 0;
  for (let number = 0; number < pieceCounts(of).table; number += 1) missing += await countMissingPiece(of, number);
  await requireNothingMissing(of, missing, rejected);
}

/** Rows of the source that were rejected. */
export interface Rejected {
  readonly rows: number;
  readonly by: RejectedBy;
}

/**
 * As `checkNothingMissing`, for those who have counted.
 *
 * @param missing  rows of all pieces of the table that the source does not have
 */
export async function requireNothingMissing(of: LoadedRows, missing: number, rejected: Rejected): Promise<void> {
  const all = missing + (await countKeyless(rowsOf(of)));
  if (all > 0) throw new RejectedReplaceError(tableText(of.table.name), all, rejected);
}
