import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import type { RawPart } from '../manifest.ts';
import { maxRecordBytes } from '../record-limit.ts';
import { mapSideBySide } from '../side-by-side.ts';
import type { LocalPart } from '../transform/read/local-part.ts';
import type { OpenedParts } from '../transform/read/opened-parts.ts';
import { partFormats } from '../transform/read/part-formats.ts';
import type { UnreadableRows } from '../transform/read/unreadable-rows.ts';
import type { ScatterJob } from './job.ts';
import { localGroups } from './parquet-slices.ts';
import { copyBytes, localPart, ownCopy } from './part-bytes.ts';
import type { Piece, Slice } from './slice.ts';

/** A slice, and where its records begin as far as that is known. */
export interface SliceAt extends Slice {
  readonly number: number;
  /** Of a piece of CSV: the byte of its first record. */
  readonly start: number;
  /** Lines of its part before it. */
  readonly linesBefore: number;
}

/** The part of which the slice is a piece; undefined where it has whole parts. */
export function cutPart({ request }: ScatterJob, { pieces }: Pick<SliceAt, 'pieces'>): RawPart | undefined {
  const [piece] = pieces;
  return piece === undefined || (piece.begins && piece.ends) ? undefined : request.raw.parts[piece.part];
}

/** Local files that reading the slice needs: parts that it has whole. Of pieces and of objects it makes copies. */
export async function filesOf(
  { request }: ScatterJob,
  { pieces }: Pick<SliceAt, 'pieces'>,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { begins, ends, part } of pieces) {
    const raw = request.raw.parts[part];
    const isWhole = raw !== undefined && begins && ends;
    if (isWhole && raw.object === undefined) files.push((await localPart(request.store, raw)).path);
  }
  return files;
}

/** Small parts of a slice that are brought at once: each waits for an answer. */
const copiesAtOnce = 8;

/** What reading a slice needs. */
export interface SliceReading {
  readonly session: DuckDbSession;
  readonly scratch: string;
  readonly unreadable: UnreadableRows;
}

/** Finds the records of a slice, and takes from its copy what is of the next one. */
export async function openSlice(job: ScatterJob, slice: SliceAt, at: SliceReading): Promise<OpenedParts> {
  const { request } = job;
  const parts = await mapSideBySide(slice.pieces, copiesAtOnce, (piece) => localPiece(job, slice, piece, at.scratch));
  const [first] = parts;
  if (first === undefined) throw new Error(`Slice ${slice.number} has no piece.`);
  const context = {
    session: at.session,
    scratchDir: at.scratch,
    unreadable: at.unreadable,
    signal: request.signal,
  };
  const opened = await partFormats[first.format].open(parts, context);
  const [walked] = opened.walked;
  if (first.slice?.until !== undefined && walked !== undefined) await truncate(first.path, walked.bytes);
  return opened;
}

/** A piece on the local disk: a part itself where it is whole, else a copy of its bytes. */
async function localPiece(
  { request }: ScatterJob,
  { head, linesBefore, parquet, start }: SliceAt,
  piece: Piece,
  scratch: string,
): Promise<LocalPart> {
  const part = request.raw.parts[piece.part];
  if (part === undefined) throw new Error(`There is no part ${piece.part}.`);
  const { begins, ends, from, to } = piece;
  if (begins && ends) {
    const whole = join(scratch, `whole-${piece.part}.${part.format}`);
    return await (part.object === undefined ? localPart(request.store, part) : ownCopy(request.store, part, whole));
  }
  const path = join(scratch, `slice.${part.format}`);
  if (parquet !== undefined) {
    const groups = await localGroups(request.store, part, parquet, path);
    return { ...part, ...groups, slice: { before: from, begins } };
  }
  if (part.format === 'ndjson') {
    await copyBytes(request.store, part, from, to, path);
    return { ...part, path, bytes: to - from, slice: { before: linesBefore, begins } };
  }
  // The last record ends behind the cut; a longer one than the limit is given up there, as in the whole file.
  const end = Math.max(start, ends ? part.bytes : Math.min(part.bytes, to + maxRecordBytes + readAhead));
  await copyBytes(request.store, part, start, end, path);
  const csv =
    begins || head === undefined || part.csv === undefined
      ? part.csv
      : { ...part.csv, header: false, names: head.names, skip_lines: 0 };
  const until = ends ? Number.MAX_SAFE_INTEGER : Math.max(0, to - start);
  const slice = { before: linesBefore, begins, until, more: end < part.bytes, lineEnd: head?.line_end };
  return { ...part, path, bytes: end - start, ...(csv === undefined ? {} : { csv }), slice };
}

/** Bytes by which a reader has to see that a record is longer than the limit. */
const readAhead = 4 << 20;
