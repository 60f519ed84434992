import { join } from 'node:path';
import { loadModeTraits } from '../config/load-mode.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { parquetRows } from '../duckdb/parquet-rows.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import { rangeKey } from '../id-range.ts';
import type { Buckets, RawManifest } from '../manifest.ts';
import { ordinalId } from '../transform/result/row-id.ts';
import { idOf } from '../transform/result/working-file.ts';
import { scratchParquet } from '../transform/scratch-parquet.ts';
import { bucketOfHex } from './bucket.ts';
import type { ScatterJob } from './job.ts';
import type { DecidedRows, ScatterPlan } from './plan-source.ts';

/** Ranges at most: each bucket writes a file for each, so files are as many as buckets times ranges. */
const maxRanges = 256;

/**
 * How the ids of rows are found by their ranges. Rows with keys are in the bucket of their id. Others are with what may
 * repeat them, so their ids are written once more, by range, where `replace` will look for them.
 */
export function idsOfBuckets(
  { prefix, request }: Pick<ScatterJob, 'prefix' | 'request'>,
  { buckets }: Pick<ScatterPlan, 'buckets'>,
  { target }: Pick<DecidedRows, 'target'>,
): NonNullable<Buckets['ids']> | undefined {
  if (target.keys.length > 0) return { ranges: buckets };
  if (buckets === 1 || !loadModeTraits[request.settings.load_mode].deletesUnread) return undefined;
  return { ranges: Math.min(buckets, maxRanges), prefix: `${prefix}/ids` };
}

/**
 * Writes the ids of a bucket's clean rows into a file for each range, also where it has none.
 *
 * @param living  the relation of the clean rows with their places `o`
 * @returns how many files
 */
export async function writeIds(
  { request }: Pick<ScatterJob, 'request'>,
  ids: ReturnType<typeof idsOfBuckets>,
  at: {
    readonly session: DuckDbSession;
    readonly scratch: string;
    readonly decided: DecidedRows;
    readonly raw: Pick<RawManifest, 'source_fingerprint'>;
    readonly bucket: number;
    readonly living: string;
  },
): Promise<number> {
  if (ids?.prefix === undefined) return 0;
  const { session } = at;
  const id = quoteName(idOf({ columns: at.decided.target.columns }));
  const path = join(at.scratch, 'ids.parquet');
  const texts = `SELECT ${ordinalId(at.raw.source_fingerprint, 'o')} AS t FROM ${at.living}`;
  const ordered = `SELECT t::UUID AS ${id}, ${bucketOfHex('t', ids.ranges)} AS range FROM (${texts}) ORDER BY ${id}`;
  await session.run(`COPY (${ordered}) TO ${quoteText(path)} ${scratchParquet()}`);
  for (let range = 0; range < ids.ranges; range += 1) {
    const location = rangeKey(ids.prefix, range, at.bucket);
    const file = join(at.scratch, 'ids-of-range.parquet');
    const rows = `SELECT ${id} FROM ${parquetRows(path)} WHERE range = ${range} ORDER BY ${id}`;
    await session.run(`COPY (${rows}) TO ${quoteText(file)} ${scratchParquet()}`);
    await request.store.putFile(location, file);
  }
  return ids.ranges;
}
