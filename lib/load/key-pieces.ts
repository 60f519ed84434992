import { type IdRange, idRange } from '../id-range.ts';
import type { Plan } from '../manifest.ts';
import type { ChunkReader, ChunkRelation } from '../transform-result.ts';
import { orderedId, type TargetTable } from './target-table.ts';

/** Rows of the table, and what the source has of them. */
export interface KeyPiece {
  /** The ids of the table that it is about; undefined: all rows. */
  readonly range: IdRange | undefined;
  /** Relations that together hold the ids or keys of all rows of the source in that range, and no others. */
  readonly kept: readonly string[];
}

/** A table's rows in pieces, each of which can be compared with the source on its own, in any order. */
export interface KeyPieces {
  readonly count: number;
  /** @param number  from 0 */
  readonly piece: (number: number) => Promise<KeyPiece>;
}

/** What is compared with the table: the clean rows of a run. */
interface CleanRows {
  readonly plan: Plan;
  readonly reader: ChunkReader;
}

/**
 * The pieces in which a table is compared with the source: ranges of ids where the source was cleaned in buckets and the
 * table has the service's ids; else one piece. The keys of a table that somebody else made are ordered by the database
 * alone, so no bucket is a range of them.
 */
export function keyPieces({ plan, reader }: CleanRows, table: TargetTable): KeyPieces {
  const ids = orderedId(table) === undefined ? undefined : plan.buckets?.ids;
  const ofBucket = async (number: number): Promise<readonly string[]> =>
    relationsOf(await chunksFrom(reader, chunksOfBuckets(plan, number, number + 1)));
  const ofRange = ids?.prefix === undefined ? ofBucket : reader.idsInRange;
  if (ids === undefined || ofRange === undefined) {
    return { count: 1, piece: async () => wholePiece(await chunksFrom(reader, plan.chunks.keys())) };
  }
  return {
    count: ids.ranges,
    piece: async (number) => ({ range: idRange(number, ids.ranges), kept: await ofRange(number) }),
  };
}

/** All rows of the table, compared with all of the source. */
export function wholePiece(chunks: readonly ChunkRelation[]): KeyPiece {
  return { range: undefined, kept: relationsOf(chunks) };
}

/** The chunks of buckets, from one on up to another one that is left out. All chunks where there are no buckets. */
export function chunksOfBuckets(
  { buckets, chunks }: Pick<Plan, 'buckets' | 'chunks'>,
  from = 0,
  to?: number,
): readonly number[] {
  if (buckets === undefined) return [...chunks.keys()];
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const first = sum(buckets.chunks.slice(0, from));
  return Array.from({ length: sum(buckets.chunks.slice(from, to)) }, (_, index) => first + index);
}

async function chunksFrom(reader: ChunkReader, numbers: Iterable<number>): Promise<readonly ChunkRelation[]> {
  const chunks: ChunkRelation[] = [];
  for (const number of numbers) chunks.push(await reader.chunk(number));
  return chunks;
}

function relationsOf(chunks: readonly ChunkRelation[]): readonly string[] {
  return chunks.map(({ relation }) => relation);
}
