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
 * Writes planned chunks as Parquet files, the first ones first. The same rows give the same file, so a chunk that lies
 * in the store already may be written again.
 *
 * @param clean     the relation that was cut
 * @param select    what a file holds, as a list of SQL columns of the relation `w`; the aliases are names of a stranger,
 *   so that every reference has to be qualified
 * @param written   tells of a chunk that lies in the store already
 * @param paused    no chunk is begun behind it; those in hand are finished
 * @param onChunk   told of each chunk that lies in the store now
 */
export async function writeChunks(
  session: DuckDbSession,
  args: {
    readonly clean: string;
    readonly select: string;
    readonly chunks: readonly CutChunk[];
    readonly written: (index: number) => boolean;
    readonly store: ObjectStore;
    readonly writers: number;
    readonly signal: AbortSignal;
    readonly paused: AbortSignal;
    readonly onChunk: (index: number, chunk: Chunk) => void;
  },
): Promise<void> {
  const missing = [...args.chunks.entries()].filter(([index]) => !args.written(index));
  const queue = missing.values();
  const work = async (): Promise<void> => {
    const connection = await session.connect();
    for (const [index, { first, location, rows: expected }] of queue) {
      args.signal.throwIfAborted();
      if (args.paused.aborted) return;
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
      args.onChunk(index, { location, rows, bytes });
    }
  };
  await Promise.all(Array.from({ length: Math.min(args.writers, missing.length) }, work));
}
