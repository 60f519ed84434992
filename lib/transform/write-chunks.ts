import { stat } from 'node:fs/promises';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteText } from '../duckdb/quote.ts';
import type { Chunk } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import { RowsUnaccountedError } from './errors.ts';

/**
 * Writes clean rows as Parquet files of `chunkRows` rows, in the order of `o`. The cut depends on the rows alone.
 *
 * @param clean   a relation with `o`; every row of it is written
 * @param select  what a file holds, as a list of SQL columns of the relation `w`; the aliases are names of a stranger, so
 *   that every reference has to be qualified
 */
export async function writeChunks(
  session: DuckDbSession,
  args: {
    readonly clean: string;
    readonly select: string;
    readonly chunkRows: number;
    readonly store: ObjectStore;
    readonly prefix: string;
    readonly writers: number;
    readonly onRows: (rows: number) => void;
  },
): Promise<readonly Chunk[]> {
  const starts = await session.rows(
    `SELECT o, total FROM (SELECT o, row_number() OVER (ORDER BY o) AS n, count(*) OVER () AS total FROM ${args.clean})
     WHERE (n - 1) % ${args.chunkRows} = 0 ORDER BY o`,
  );
  const total = Number(starts[0]?.total ?? 0);
  const chunks: Chunk[] = [];
  let next = 0;
  let written = 0;
  const work = async (): Promise<void> => {
    const connection = await session.connect();
    while (next < starts.length) {
      const index = next;
      next += 1;
      const location = `${args.prefix}/clean/part-${String(index).padStart(5, '0')}.parquet`;
      const path = await args.store.scratchPath(location);
      const until = starts[index + 1]?.o;
      const range = `w.o >= ${starts[index]?.o}${until === undefined ? '' : ` AND w.o < ${until}`}`;
      const reader = await connection.runAndReadAll(
        `COPY (SELECT ${args.select} FROM ${args.clean} AS w WHERE ${range} ORDER BY w.o) TO ${quoteText(path)} (FORMAT parquet)`,
      );
      const rows = Number(reader.getRows()[0]?.[0]);
      const expected = Math.min(args.chunkRows, total - index * args.chunkRows);
      if (rows !== expected) {
        throw new RowsUnaccountedError({ where: `Writing chunk ${index}`, expected, found: rows });
      }
      const bytes = (await stat(path)).size;
      await args.store.putFile(location, path);
      chunks[index] = { location, rows, bytes };
      written += rows;
      args.onRows(written);
    }
  };
  await Promise.all(Array.from({ length: Math.min(args.writers, starts.length) }, work));
  return chunks;
}
