import path from 'node:path';
import { openDuckDb } from '../../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../../lib/duckdb/quote.ts';
import { rangeKey } from '../../../lib/id-range.ts';
import { storedChunks } from '../../../lib/load/chunk-session.ts';
import type { Column, Manifest } from '../../../lib/manifest.ts';
import { folderStore } from '../../../lib/store/folder-store.ts';
import type { ChunkReader } from '../../../lib/transform-result.ts';
import { chunkFiles } from '../../support/chunk-files.ts';

export interface BucketChunks {
  readonly plan: Manifest;
  readonly reader: ChunkReader;
  readonly scratchDir: string;
}

/** The range of an id, reckoned without `idRange`. */
export function rangeOf(id: string, ranges: number): number {
  return Number((BigInt(`0x${id.slice(0, 8)}`) * BigInt(ranges)) >> 32n);
}

/**
 * Chunks of rows that have an id alone, as the pieces of a source leave them: with keys in the bucket of the id; without
 * in any bucket, with the ids once more by range. Every bucket has two chunks, of which some are empty.
 */
export async function bucketChunks(
  folder: string,
  columns: readonly Column[],
  rows: readonly string[],
  { buckets, keyed }: { readonly buckets: number; readonly keyed: boolean },
): Promise<BucketChunks> {
  const numbers = Array.from({ length: buckets }, (_, number) => number);
  const bucketOf = (id: string, index: number): number => (keyed ? rangeOf(id, buckets) : index % buckets);
  const inBuckets = numbers.map((number) => rows.filter((id, index) => bucketOf(id, index) === number));
  const halves = inBuckets.flatMap((ids) => [ids.slice(0, ids.length / 2), ids.slice(ids.length / 2)]);
  const made = await chunkFiles(folder, columns, halves.map(idRows));
  if (!keyed) await writeRanges(folder, inBuckets, made.scratchDir);
  const ids = { ranges: buckets, ...(keyed ? {} : { prefix: 'ids' }) };
  const plan: Manifest = { ...made.plan, buckets: { chunks: numbers.map(() => 2), ids } };
  return { plan, reader: storedChunks(folderStore(folder), plan), scratchDir: made.scratchDir };
}

async function writeRanges(folder: string, inBuckets: readonly (readonly string[])[], tempDir: string): Promise<void> {
  const store = folderStore(folder);
  const session = await openDuckDb({ allowedDirs: [folder], tempDir });
  try {
    for (const [bucket, ids] of inBuckets.entries()) {
      for (const range of inBuckets.keys()) {
        const own = idRows(ids.filter((id) => rangeOf(id, inBuckets.length) === range));
        const file = path.join(folder, 'range.parquet');
        await session.run(`COPY (${own}) TO ${quoteText(file)} (FORMAT parquet)`);
        await store.putFile(rangeKey('ids', range, bucket), file);
      }
    }
  } finally {
    session.close();
  }
}

/** A query of rows with these ids. */
function idRows(ids: readonly string[]): string {
  return `SELECT unnest([${ids.map(quoteText).join(', ')}]::UUID[]) AS uuid_id`;
}
