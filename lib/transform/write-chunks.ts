import { stat } from 'node:fs/promises';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteText } from '../duckdb/quote.ts';
import type { Chunk, PlannedChunk } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import { RowsUnaccountedError } from './errors.ts';

/** Which rows a chunk will hold. */
export interface CutChunk extends PlannedChunk {
  /** Ordinal `o` of its first row; it ends before the next chunk's. */
  readonly first: number;
}

/**
 * Cuts clean rows into chunks of `chunkRows` rows, in the order of `o`. The cut depends on the rows alone.
 *
 * @param clean  a relation with `o`
 */
export async function cutChunks(
  session: DuckDbSession,
  clean: string,
  chunkRows: number,
  prefix: string,
): Promise<readonly CutChunk[]> {
  const starts = await session.rows(
    `SELECT o, total FROM (SELECT o, row_number() OVER (ORDER BY o) AS n, count(*) OVER () AS total FROM ${clean})
     WHERE (n - 1) % ${chunkRows} = 0 ORDER BY o`,
  );
  return starts.map(({ o, total }, index) => ({
    location: `${prefix}/clean/part-${String(index).padStart(5, '0')}.parquet`,
    rows: Math.min(chunkRows, Number(total) - index * chunkRows),
    first: Number(o),
  }));
}

/**
 * Writes planned chunks as Parquet files, the first ones first.
 *
 * @param clean     the relation that was cut; every row of it is written
 * @param select    what a file holds, as a list of SQL columns of the relation `w`; the aliases are names of a stranger,
 *   so that every reference has to be qualified
 * @param onChunk   told of each chunk that lies in the store
 */
export async function writeChunks(
  session: DuckDbSession,
  args: {
    readonly clean: string;
    readonly select: string;
    readonly chunks: readonly CutChunk[];
    readonly store: ObjectStore;
    readonly writers: number;
    readonly signal: AbortSignal;
    readonly onChunk: (index: number) => void;
  },
): Promise<Chunk[]> {
  const written: Chunk[] = [];
  const queue = args.chunks.entries();
  const work = async (): Promise<void> => {
    const connection = await session.connect();
    for (const [index, { first, location, rows: expected }] of queue) {
      args.signal.throwIfAborted();
      const path = await args.store.scratchPath(location);
      const until = args.chunks[index + 1]?.first;
      const range = `w.o >= ${first}${until === undefined ? '' : ` AND w.o < ${until}`}`;
      const reader = await connection.runAndReadAll(
        `COPY (SELECT ${args.select} FROM ${args.clean} AS w WHERE ${range} ORDER BY w.o) TO ${quoteText(path)} (FORMAT parquet)`,
      );
      const rows = Number(reader.getRows()[0]?.[0]);
      if (rows !== expected) {
        throw new RowsUnaccountedError({ where: `Writing chunk ${index}`, expected, found: rows });
      }
      const bytes = (await stat(path)).size;
      await args.store.putFile(location, path);
      written[index] = { location, rows, bytes };
      args.onChunk(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(args.writers, args.chunks.length) }, work));
  return written;
}
