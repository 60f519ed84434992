import { z } from 'zod';
import type { Fence } from '../state/fence.ts';
import { countMissingPiece, deletePiece, type LoadedRows, type Verification, verifyChunks } from './conclude-piece.ts';
import { chunksOfBuckets, keyPieces } from './key-pieces.ts';

/**
 * What is done with pieces of a run that is loaded: rows of the table that the source does not have are counted or
 * deleted; the rows of a bucket are compared with the table.
 */
export const pieceWorks = ['count', 'delete', 'verify'] as const;
export type PieceWork = (typeof pieceWorks)[number];

/** How far some pieces are done. */
export interface PieceProgress {
  /** The piece that is worked on, from 0. */
  readonly from: number;
  /** Rows so far: missing from the source, deleted, or found as they were read. */
  readonly rows: number;
  /** The key up to which that piece is done, as JSON; null where it has not begun. */
  readonly after: string | null;
}

export interface PieceRequest extends PieceProgress {
  readonly work: PieceWork;
  /** The number behind the last piece. */
  readonly to: number;
}

/** Whose pieces are worked on. */
export interface PiecesOf extends LoadedRows, Omit<Verification, 'mode'> {
  readonly fence: Fence;
  readonly runId: string;
  readonly verify: 'off' | Verification['mode'];
}

/** How many pieces there are: of the table where rows are counted or deleted; buckets where they are verified. */
export function pieceCounts(of: LoadedRows): { readonly table: number; readonly buckets: number } {
  return { table: keyPieces(of, of.table).count, buckets: of.plan.buckets?.chunks.length ?? 1 };
}

/**
 * Works on piece after piece. Safe to repeat, and to go on with elsewhere.
 *
 * @param ending  says that the time is up: the call returns how far it is; it throws where it has done nothing
 * Killed midway: the rows that it had deleted are gone, and counted in the ledger alone; a repeat deletes the others.
 */
export async function workOnPieces(
  of: PiecesOf,
  request: PieceRequest,
  ending?: AbortSignal,
): Promise<PieceProgress & { readonly complete: boolean }> {
  const { after, from, rows } = request;
  const at = { from, rows, after };
  try {
    for (; at.from < request.to; at.from += 1) {
      await works[request.work](of, at);
      at.after = null;
    }
    return { ...at, complete: true };
  } catch (error) {
    const stands = at.from === from && at.rows === rows && at.after === after;
    if (ending?.aborted !== true || stands) throw error;
    return { ...at, complete: false };
  }
}

/** Does the piece at which a progress is, and counts on. */
type Working = (of: PiecesOf, at: { -readonly [Name in keyof PieceProgress]: PieceProgress[Name] }) => Promise<void>;

const keySchema = z.array(z.string());

const works: Readonly<Record<PieceWork, Working>> = {
  count: async (of, at) => {
    at.rows += await countMissingPiece(of, at.from);
  },
  delete: async (of, at) => {
    await deletePiece(of, at.from, {
      fence: of.fence,
      runId: of.runId,
      after: at.after === null ? undefined : keySchema.parse(JSON.parse(at.after)),
      onDeleted: (rows) => {
        at.rows += rows;
      },
      onPage: (last) => {
        at.after = JSON.stringify(last);
      },
    });
  },
  verify: async (of, at) => {
    if (of.verify === 'off') return;
    const chunks = chunksOfBuckets(of.plan, at.from, at.from + 1);
    at.rows += await verifyChunks(of, { ...of, mode: of.verify }, chunks);
  },
};
