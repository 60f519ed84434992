import { stat } from 'node:fs/promises';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { Chunk, ChunkPlan } from '../../manifest.ts';
import type { ObjectStore } from '../../object-store.ts';
import { sideBySide } from '../../side-by-side.ts';
import { RowsUnaccountedError } from '../errors.ts';

/** Which rows a chunk will hold. */
export interface ChunkRange extends ChunkPlan {
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
): Promise<readonly ChunkRange[]> {
  // Rows are counted block by block, and only the blocks in which a chunk begins are looked into: ten million ordinals
  // in one window take more memory than all that comes before.
  const blocks = await session.rows(
    `SELECT o // ${blockOrdinals} AS b, count(*) AS n FROM ${clean} GROUP BY b ORDER BY b`,
  );
  const begins: { readonly block: number; readonly place: number }[] = [];
  let total = 0;
  for (const { b, n } of blocks) {
    for (let first = Math.ceil(total / chunkRows) * chunkRows; first < total + Number(n); first += chunkRows) {
      begins.push({ block: Number(b), place: first - total + 1 });
    }
    total += Number(n);
  }
  if (begins.length === 0) return [];
  const block = `o // ${blockOrdinals}`;
  const wanted = begins.map(({ block: b, place }) => `(${b}, ${place})`).join(', ');
  const starts = await session.rows(
    `SELECT o FROM (SELECT o, ${block} AS b, row_number() OVER (PARTITION BY ${block} ORDER BY o) AS place
       FROM ${clean} WHERE ${block} IN (${[...new Set(begins.map((begin) => begin.block))].join(', ')}))
     WHERE (b, place) IN (${wanted}) ORDER BY o`,
  );
  return starts.map(({ o }, index) => ({
    location: `${prefix}/clean/part-${String(index).padStart(5, '0')}.parquet`,
    rows: Math.min(chunkRows, total - index * chunkRows),
    first: Number(o),
  }));
}

/** Ordinals of a block in which rows are counted. */
const blockOrdinals = 4_096;

/**
 * Writes planned chunks as Parquet files, the first ones first. The same rows give the same file, so a chunk that lies
 * in the store already may be written again.
 *
 * @param rows      a query of the rows of a chunk, in their order
 * @param written   tells of a chunk that lies in the store already
 * @param paused    no chunk is begun behind it; those in hand are finished
 * @param onChunk   told of each chunk that lies in the store now
 */
export async function writeChunks(
  session: DuckDbSession,
  args: {
    readonly chunks: readonly ChunkRange[];
    readonly rows: (index: number) => string;
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
  await sideBySide(Math.min(args.writers, missing.length), async (failed) => {
    const connection = await session.connect();
    for (const [index, { location, rows: expected }] of queue) {
      args.signal.throwIfAborted();
      if (args.paused.aborted || failed()) return;
      const path = await args.store.scratchPath(location);
      const reader = await connection.runAndReadAll(
        `COPY (${args.rows(index)}) TO ${quoteText(path)} (FORMAT parquet)`,
      );
      const rows = Number(reader.getRows()[0]?.[0]);
      if (rows !== expected) {
        throw new RowsUnaccountedError({ where: `Writing chunk ${index}`, expected, found: rows });
      }
      const bytes = (await stat(path)).size;
      await args.store.putFile(location, path);
      args.onChunk(index, { location, rows, bytes });
    }
  });
}
