import type { Plan } from './manifest.ts';

/** The rows of one chunk, where a DuckDB on this machine can read them. */
export interface ChunkRelation {
  /** The chunk's number in the run; part of the ledger's key. */
  readonly number: number;
  readonly rows: number;
  /** The column of the rows' ids, which are unique in it. */
  readonly idColumn: string;
  /** A relation of the clean columns by their names. */
  readonly relation: string;
  /** Relations of about `pieceRows` rows each, which together have the chunk's rows: what is made of one takes little memory. */
  readonly pieces: readonly string[];
}

/**
 * Rows that are rendered in one statement, about: DuckDB takes ten times the memory of the text that it gathers. Fewer rows
 * take less memory and more time for the plan of each statement.
 */
const pieceRows = 20_000;

/** The first row of each piece of some rows. */
export function piecesOf(rows: number): readonly number[] {
  const pieces = Math.max(1, Math.ceil(rows / pieceRows));
  return Array.from({ length: pieces }, (_, piece) => Math.floor((rows * piece) / pieces));
}

/** The clean rows of a run: what is known of them, and where they are. */
export interface TransformResult {
  readonly plan: Plan;
  readonly chunks: ChunkReader;
}

/** The chunks of a run: in files of their own, or as ranges of the file in which they were decided. */
export interface ChunkReader {
  /** What a DuckDB has to be allowed to read. */
  readonly folders: readonly string[];
  /** Brings a chunk onto the local disk where it is not there yet. */
  readonly chunk: (number: number) => Promise<ChunkRelation>;
}
