import { open } from 'node:fs/promises';
import type { RawPart } from '../manifest.ts';
import type { LocalPart } from '../transform/read/local-part.ts';
import {
  cutGroups,
  footerPlace,
  type ParquetFooter,
  parquetMagic,
  parquetTailBytes,
  readFooter,
} from '../transform/read/parquet-groups.ts';
import type { ScatterJob } from './job.ts';
import { bytesOf, copyBytes } from './part-bytes.ts';
import type { Slice } from './slice.ts';

/**
 * The slices of a large Parquet part, each of some row groups; undefined where it cannot be cut. Reads what the file says
 * of itself, and no rows. Each slice carries the description of its own row groups, so that nobody reads that of all again.
 */
export async function parquetSlices(
  { request: { store }, sizes: { partBytes } }: ScatterJob,
  raw: RawPart,
  part: number,
): Promise<Slice[] | undefined> {
  const footer = await footerOf(store, raw);
  if (footer === undefined) return undefined;
  const cuts = cutsOf(footer, partBytes);
  if (cuts.length < 2) return undefined;
  let rows = 0;
  return cuts.map((end, at) => {
    const first = cuts[at - 1] ?? 0;
    const from = rows;
    for (const group of footer.groups.slice(first, end)) rows += group.rows;
    const cut = cutGroups(footer, first, end);
    return {
      pieces: [{ part, from, to: rows, begins: at === 0, ends: at === cuts.length - 1 }],
      parquet: { from: cut.from, to: cut.to, end: cut.end.toString('base64') },
    };
  });
}

async function footerOf(store: ScatterJob['request']['store'], raw: RawPart): Promise<ParquetFooter | undefined> {
  try {
    const tail = await bytesOf(store, raw, Math.max(0, raw.bytes - parquetTailBytes), raw.bytes);
    const { from, to } = footerPlace(tail, raw.bytes);
    return readFooter(await bytesOf(store, raw, from, to), from);
  } catch (error) {
    // What is wrong with the file is said where its rows are read.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The numbers of row groups with which slices end. */
function cutsOf({ groups }: ParquetFooter, partBytes: number): readonly number[] {
  const cuts: number[] = [];
  let bytes = 0;
  for (const [at, group] of groups.entries()) {
    if (bytes > 0 && bytes + group.bytes > partBytes) {
      cuts.push(at);
      bytes = 0;
    }
    bytes += group.bytes;
  }
  return [...cuts, groups.length];
}

/** The row groups of a slice, and no others, as a file of their own. */
export async function localGroups(
  store: ScatterJob['request']['store'],
  part: RawPart,
  { from, to, end }: NonNullable<Slice['parquet']>,
  path: string,
): Promise<Pick<LocalPart, 'bytes' | 'path'>> {
  const begin = from - parquetMagic.length;
  await copyBytes(store, part, begin, to, path);
  const file = await open(path, 'r+');
  try {
    await file.write(parquetMagic, 0, parquetMagic.length, 0);
    const footer = Buffer.from(end, 'base64');
    await file.write(footer, 0, footer.length, to - begin);
    return { path, bytes: to - begin + footer.length };
  } finally {
    await file.close();
  }
}
