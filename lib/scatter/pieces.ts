import type { RawManifest } from '../manifest.ts';
import type { TransformRequest, TransformSettings } from '../transform/request.ts';

/** How large pieces are. */
export interface ScatterSizes {
  /** Bytes of the source that one survey or clean reads, about. */
  readonly partBytes: number;
  /** Bytes of the source whose rows one gather decides about, about. */
  readonly bucketBytes: number;
}

const mb = 1024 * 1024;
/** Of the source. Less is done in one go, which took an eighth of the time for 132 MB and reads a large CSV once. */
const defaultAboveMb = 32_768;
const defaultPartMb = 128;
/** Slices of which the rows of one bucket are, about. */
const partsOfBucket = 4;

type SourceBytes = { readonly parts: readonly Pick<RawManifest['parts'][number], 'bytes'>[] };

type SourceToCut = Pick<TransformRequest, 'explain' | 'firstRows'> & {
  readonly raw: SourceBytes;
  readonly settings: Pick<TransformSettings, 'piece_mb' | 'pieces_above_mb'>;
};

/**
 * The sizes of the pieces in which a source is cleaned; undefined where it is cleaned in one go, because it is small or
 * because it cannot be cut.
 *
 * @param aboveMb  where the pipeline does not say it: a source with more MB than this is cleaned in pieces
 */
export function piecesOf(source: SourceToCut, aboveMb = defaultAboveMb): ScatterSizes | undefined {
  const { raw, settings } = source;
  const { pieces_above_mb: above = aboveMb, piece_mb: part = defaultPartMb } = settings;
  if (partBytesOf(raw) <= above * mb || !canScatter(source)) return undefined;
  const partBytes = Math.max(1, Math.ceil(part * mb));
  return { partBytes, bucketBytes: partBytes * partsOfBucket };
}

/** Bytes of a source as its parts have them: of compressed files what is in them. */
export function partBytesOf({ parts }: SourceBytes): number {
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}

/** Whether a source can be cleaned in pieces. A mere look goes the other way. */
function canScatter({ explain, firstRows, raw }: SourceToCut): boolean {
  return firstRows === undefined && explain !== true && raw.parts.length > 0;
}

/** How many times as many bytes a packed file likely has when unpacked. */
const packedTimes = 8;
/** Small files that a function copies in about a minute: it waits for two or three answers of S3 for each. */
const filesPerMinute = 500;

/**
 * Whether files that have to be copied are so much that each is given to a call of its own.
 *
 * @param files    as they lie, packed or not
 * @param aboveMb  where the pipeline does not say it: a source with more MB than this is cleaned in pieces
 */
export function areCopiedApart(
  files: readonly { readonly bytes: number }[],
  { pieces_above_mb: above }: Pick<TransformSettings, 'pieces_above_mb'>,
  aboveMb: number,
): boolean {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return files.length > 1 && (files.length > filesPerMinute || bytes * packedTimes > (above ?? aboveMb) * mb);
}

/** Items that one call takes at most; what a killed function had begun is done again, so it is not many. */
const maxBatch = 16;
/** Batches that each of the functions at once takes one after another, about: the slower ones take fewer. */
const batchesPerFunction = 4;

/**
 * How many slices or buckets one call of a function takes.
 *
 * @param functions  how many work at once
 */
export function batchOf(items: number, functions: number): number {
  return Math.max(1, Math.min(maxBatch, Math.ceil(items / (functions * batchesPerFunction))));
}
