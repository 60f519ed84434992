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
  /** Relations of few rows each, which together have the chunk's rows: what is made of one takes little memory. */
  readonly pieces: readonly string[];
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
  /** Relations of the rows' ids in a range, where these have files of their own. */
  readonly idsInRange?: (range: number) => Promise<readonly string[]>;
}
