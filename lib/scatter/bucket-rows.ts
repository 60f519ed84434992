import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { parquetRows } from '../duckdb/parquet-rows.ts';
import { quoteText } from '../duckdb/quote.ts';
import { sideBySide } from '../side-by-side.ts';
import { scratchParquet } from '../transform/scratch-parquet.ts';
import { requestsAtOnce } from './in-turn.ts';
import { artefactKey, type ScatterJob } from './job.ts';
import { copyEntry, writePacked } from './packed.ts';

/*
 * The rows of a cleaned slice: a packed object with an entry for each bucket, a Parquet file of the slice's rows of the
 * bucket in the order of the source, or nothing. A gather fetches its entry of each slice, and no byte of another one.
 * One Parquet file with row groups for the buckets would have a description as long as there are buckets, and each
 * gather would read that of each slice.
 */

/** The object of a slice's rows. */
function rowsKey(job: ScatterJob, slice: number): string {
  return artefactKey(job, 'rows/clean', slice, '.entries');
}

/**
 * Leaves the rows of a slice.
 *
 * @param rows  a query of them, with the bucket `b` of each and the place `o`, which gives their order
 */
export async function writeBuckets(
  job: ScatterJob,
  at: {
    readonly number: number;
    readonly rows: string;
    readonly count: number;
    readonly buckets: number;
    readonly session: DuckDbSession;
    readonly scratch: string;
  },
): Promise<void> {
  const { buckets, count, number, rows, scratch, session } = at;
  const sorted = join(scratch, 'sorted.parquet');
  if (buckets === 1) {
    await session.run(
      `COPY (SELECT * EXCLUDE (b) FROM (${rows}) ORDER BY o) TO ${quoteText(sorted)} ${scratchParquet()}`,
    );
    return await store(count === 0 ? [''] : [{ path: sorted }]);
  }
  const groupRows = rowsOfGroup(count, buckets);
  await session.run(
    `COPY (SELECT * FROM (${rows}) ORDER BY b, o) TO ${quoteText(sorted)} (FORMAT parquet, ROW_GROUP_SIZE ${groupRows})`,
  );
  const found = await session.rows(`SELECT DISTINCT b FROM ${parquetRows(sorted)}`);
  const present = new Set(found.map(({ b }) => Number(b)));
  await store(bucketFiles());

  async function store(entries: Parameters<typeof writePacked>[2]): Promise<void> {
    const packed = join(scratch, 'packed');
    await writePacked(packed, buckets, entries);
    await job.request.store.putFile(rowsKey(job, number), packed);
  }

  async function* bucketFiles(): AsyncGenerator<string | { readonly path: string }> {
    const path = join(scratch, 'bucket.parquet');
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      if (!present.has(bucket)) {
        yield '';
        continue;
      }
      await session.run(
        `COPY (SELECT * EXCLUDE (b) FROM ${parquetRows(sorted)} WHERE b = ${bucket}) TO ${quoteText(path)} ${scratchParquet()}`,
      );
      yield { path };
    }
  }
}

/** DuckDB writes row groups of whole vectors. */
const vectorRows = 2_048;
const mostGroupRows = 30_720;

/** As few rows as let one bucket be read without many of its neighbours. */
function rowsOfGroup(rows: number, buckets: number): number {
  return Math.max(vectorRows, Math.min(mostGroupRows, Math.floor(rows / buckets / vectorRows) * vectorRows));
}

/** Files that DuckDB reads one after another without a file of all of them. */
const mostFiles = 64;

/**
 * Brings the rows of a bucket from all slices to the local disk.
 *
 * @returns Parquet files of them, in the order of the slices; none where the bucket has no rows
 */
export async function fetchBucket(
  job: ScatterJob,
  bucket: number,
  at: { readonly slices: number; readonly session: DuckDbSession; readonly scratch: string },
): Promise<readonly string[]> {
  const { scratch, session, slices } = at;
  const files: string[] = [];
  for (let first = 0; first < slices; first += mostFiles) {
    const fetched = await fetchEntries(job, bucket, { first, end: Math.min(slices, first + mostFiles), scratch });
    if (slices <= mostFiles) return fetched;
    if (fetched.length === 0) continue;
    const path = join(scratch, `bucket-${files.length}.parquet`);
    await session.run(`COPY (SELECT * FROM ${parquetRows(fetched)}) TO ${quoteText(path)} ${scratchParquet()}`);
    for (const one of fetched) await rm(one);
    files.push(path);
  }
  return files;
}

/** The entries of some slices, those that have any rows. */
async function fetchEntries(
  job: ScatterJob,
  bucket: number,
  at: { readonly first: number; readonly end: number; readonly scratch: string },
): Promise<readonly string[]> {
  const { end, first, scratch } = at;
  const fetched: (string | undefined)[] = [];
  let next = first;
  await sideBySide(Math.min(requestsAtOnce, end - first), async (failed) => {
    while (next < end && !failed()) {
      job.request.signal?.throwIfAborted();
      const slice = next;
      next += 1;
      const path = join(scratch, `slice-${slice}.parquet`);
      if (await copyEntry(job.request.store, rowsKey(job, slice), bucket, path)) fetched[slice - first] = path;
    }
  });
  return fetched.filter((path) => path !== undefined);
}
