import path from 'node:path';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { parquetRows } from '../../lib/duckdb/parquet-rows.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import type { Manifest } from '../../lib/manifest.ts';
import { sourceRow } from './load-data.ts';

/**
 * Writes a CSV for a transform in pieces: in each thousand rows a value that does not fit the column's type, and in the
 * second half a row that repeats one of the first half and a row of the key of one; every hundredth has a quoted line end.
 */
export async function writePieceData(folder: string, rows: number): Promise<string> {
  const csv = path.join(folder, 'source.csv');
  const half = Math.floor(rows / 2);
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
  try {
    const numbered = `SELECT r, CASE WHEN r % 1000 IN (998, 999) AND r >= ${half} THEN r - ${half} ELSE r END AS i FROM range(${rows}) t(r)`;
    const changed = `CASE WHEN r % 1000 = 998 AND r >= ${half} THEN 'written again' WHEN i % 100 = 7 THEN 'of two lines' || chr(10) || 'with "quotes", ' || i ELSE note END`;
    await session.run(
      `COPY (SELECT * EXCLUDE (r, i) REPLACE (CASE WHEN r % 1000 = 997 THEN 'n/a' ELSE quantity::VARCHAR END AS quantity, ${changed} AS note)
               FROM (SELECT r, i, ${sourceRow} FROM (${numbered})))
         TO ${quoteText(csv)} (FORMAT csv, HEADER)`,
    );
  } finally {
    session.close();
  }
  return csv;
}

/** What all rows of a manifest's chunks have in common with those of another cut: how many, and the sum of their hashes. */
export async function contentOf(folder: string, { chunks }: Manifest): Promise<string> {
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
  try {
    const paths = chunks.map(({ location }) => path.join(folder, 'store', location));
    const [sum] = await session.rows(
      `SELECT count(*) AS n, count(DISTINCT uuid_id) AS ids, sum(hash(t)::HUGEINT)::VARCHAR AS hashes FROM ${parquetRows(paths)} AS t`,
    );
    return `${String(sum?.n)} rows, ${String(sum?.ids)} ids, ${String(sum?.hashes)}`;
  } finally {
    session.close();
  }
}
