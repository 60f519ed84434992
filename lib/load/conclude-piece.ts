import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import type { Plan } from '../manifest.ts';
import type { ChunkReader, ChunkRelation } from '../transform-result.ts';
import { withSession } from './chunk-session.ts';
import { writtenColumns } from './define-table.ts';
import { identityOf } from './identity.ts';
import { type KeyPiece, keyPieces } from './key-pieces.ts';
import { countMissing, type DeleteRequest, deleteMissing } from './replace.ts';
import type { TargetTable } from './target-table.ts';
import { countVerified, type VerifyMode } from './verify.ts';

/*
 * What follows a load, piece by piece: each piece needs the memory and the disk of its own rows, may be done on any
 * machine, in any order and many at once, and may be repeated.
 */

/** The clean rows of a run, and the table into which they were loaded. */
export interface LoadedRows {
  readonly target: Target;
  readonly pipelineName: string;
  readonly plan: Plan;
  readonly reader: ChunkReader;
  readonly scratchDir: string;
  /** What DuckDB may keep in memory; its default when left out. */
  readonly memoryLimitMb?: number | undefined;
  readonly table: TargetTable;
  readonly keyColumns: readonly string[];
}

/** Counts the rows of a piece of the table (`keyPieces`) that the source does not have. */
export async function countMissingPiece(rows: LoadedRows, number: number): Promise<number> {
  return await withPiece(
    rows,
    number,
    async (session, piece) => await countMissing({ ...rowsOf(rows), session, piece }),
  );
}

/** Where a deletion has stopped, and whom it tells; see `DeleteRequest`. */
type Going = Pick<DeleteRequest, 'fence' | 'runId' | 'onDeleted' | 'onPage' | 'after'>;

/**
 * Deletes the rows of a piece of the table that the source does not have.
 *
 * @returns rows deleted by this call
 * Killed midway: some of them are deleted, as the ledger says; a repeat deletes the others.
 */
export async function deletePiece(rows: LoadedRows, number: number, going: Going): Promise<number> {
  return await withPiece(
    rows,
    number,
    async (session, piece) => await deleteMissing({ ...rowsOf(rows), ...going, session, piece }),
  );
}

/** How the rows of a run are compared with the table. */
export interface Verification {
  readonly mode: VerifyMode;
  readonly latestBy?: string | undefined;
  readonly batchRows: number;
}

/** Compares chunks with the table. @returns rows found */
export async function verifyChunks(rows: LoadedRows, how: Verification, numbers: readonly number[]): Promise<number> {
  const { plan, reader, table } = rows;
  return await withSession(rows, reader, async (session) => {
    let found = 0;
    for (const number of numbers) {
      const chunks: readonly ChunkRelation[] = [await reader.chunk(number)];
      found += await countVerified({
        ...how,
        ...rowsOf(rows),
        session,
        chunks,
        columns: writtenColumns(table, plan.columns),
      });
    }
    return found;
  });
}

async function withPiece<T>(
  rows: LoadedRows,
  number: number,
  work: (session: DuckDbSession, piece: KeyPiece) => Promise<T>,
): Promise<T> {
  const piece = await keyPieces(rows, rows.table).piece(number);
  return await withSession(rows, rows.reader, async (session) => await work(session, piece));
}

/** The table's rows, and what tells them apart. */
export function rowsOf({ keyColumns, table, target }: LoadedRows): {
  readonly target: Target;
  readonly table: TargetTable;
  readonly identity: readonly string[];
} {
  return { target, table, identity: identityOf(table, keyColumns) };
}
