import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RawPart } from '../manifest.ts';
import type { ObjectStore } from '../object-store.ts';
import { maxRecordBytes } from '../record-limit.ts';
import { headPart } from '../transform/read/head-part.ts';
import type { LocalPart } from '../transform/read/local-part.ts';
import { firstLineEnd, scanCsv } from '../transform/read/scan-csv.ts';
import { dialectOf } from '../transform/read/select-csv.ts';
import { openUnreadableRows } from '../transform/read/unreadable-rows.ts';
import { inTurn } from './in-turn.ts';
import { artefact, artefactKey, inSession, type ScatterJob, stored } from './job.ts';
import { entriesOf, readEntry, writePacked } from './packed.ts';
import { parquetSlices } from './parquet-slices.ts';
import { bytesOf, copyBytes } from './part-bytes.ts';
import { type Slice, sliceSchema } from './slice.ts';

/** Besides, a packed object has an entry for each slice. */
const splitSchema = z.strictObject({ slices: z.int().min(0) });

export type Split = z.infer<typeof splitSchema>;

/**
 * Cuts the parts of a source into slices of about `partBytes`: texts by bytes, NDJSON at the ends of lines, Parquet at its
 * row groups; small parts are put together. Reads the parts' first records and the bytes about the cuts.
 */
export async function splitSource(job: ScatterJob): Promise<Split> {
  return await artefact(job, splitKey(job, '.json'), splitSchema, async () => {
    const { parts } = job.request.raw;
    const { store } = job.request;
    return await inSession(job, { files: [] }, async (_, scratch) => {
      const slices: Slice[] = [];
      let room = 0;
      for (const [part, raw] of parts.entries()) {
        const cut = await slicesOf(job, scratch, raw, part);
        const [whole] = cut;
        const last = slices.at(-1);
        if (cut.length === 1 && whole !== undefined && last !== undefined && raw.bytes <= room) {
          last.pieces.push(...whole.pieces);
          room -= raw.bytes;
          continue;
        }
        slices.push(...cut);
        room = cut.length === 1 ? job.sizes.partBytes - raw.bytes : 0;
      }
      const path = join(scratch, 'slices');
      const entries = slices.map((slice) => JSON.stringify(sliceSchema.parse(slice)));
      await writePacked(path, slices.length, entries);
      await store.putFile(splitKey(job, '.entries'), path);
      return { slices: slices.length };
    });
  });
}

function splitKey(job: ScatterJob, end: string): string {
  return artefactKey(job, 'split', 0, end);
}

/** One slice, of what `splitSource` has left; no other one is read. */
export async function readSlice(job: ScatterJob, number: number): Promise<Slice> {
  return sliceOf(await readEntry(job.request.store, splitKey(job, '.entries'), number));
}

/** All slices, of what `splitSource` has left. */
export async function readSlices(job: ScatterJob): Promise<readonly Slice[]> {
  return entriesOf(await stored(job, splitKey(job, '.entries'))).map(sliceOf);
}

function sliceOf(bytes: Uint8Array): Slice {
  return sliceSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** The slices of a part: of the whole where it is small, or cannot be cut. */
async function slicesOf(job: ScatterJob, scratch: string, raw: RawPart, part: number): Promise<Slice[]> {
  const isLarge = raw.bytes > job.sizes.partBytes;
  const groups = isLarge && raw.format === 'parquet' ? await parquetSlices(job, raw, part) : undefined;
  if (groups !== undefined) return groups;
  const head = await headOf(job, raw, scratch);
  const ends = (isLarge ? await cutsOf(job, raw, head?.bytes) : undefined) ?? [raw.bytes];
  return ends.map((to, cut) => {
    const piece = { part, from: ends[cut - 1] ?? 0, to, begins: cut === 0, ends: cut === ends.length - 1 };
    const names = head === undefined || ends.length === 1 ? undefined : [...head.names];
    return {
      pieces: [piece],
      ...(head === undefined || names === undefined ? {} : { head: { names, line_end: head.lineEnd } }),
    };
  });
}

/** Where the pieces of a large part end; undefined where it cannot be cut. */
async function cutsOf(
  { request, sizes }: ScatterJob,
  part: RawPart,
  headBytes: number | undefined,
): Promise<readonly number[] | undefined> {
  if (part.format === 'parquet') return undefined;
  const pieces = Math.ceil(part.bytes / sizes.partBytes);
  const even = Array.from({ length: pieces }, (_, at) => Math.round((part.bytes * (at + 1)) / pieces));
  if (part.format === 'csv') {
    if (headBytes === undefined) return undefined;
    const cuts = even.filter((end) => end > headBytes);
    return cuts.length < 2 ? undefined : cuts;
  }
  const ends: number[] = [];
  const lineEnds = inTurn(pieces, async (at) => await behindLine(request.store, part, even[at] ?? part.bytes));
  for await (const at of lineEnds) if (at > (ends.at(-1) ?? 0)) ends.push(at);
  return ends;
}

/** Bytes in which the end of a line is looked for at once. */
const lineWindow = 1 << 16;

/** The first byte of a line that begins at this byte or behind it. */
async function behindLine(store: ObjectStore, part: RawPart, from: number): Promise<number> {
  if (from >= part.bytes) return part.bytes;
  for (let at = from - 1; at < part.bytes; at += lineWindow) {
    const bytes = await bytesOf(store, part, at, Math.min(part.bytes, at + lineWindow));
    const stop = bytes.indexOf(10);
    if (stop !== -1) return at + stop + 1;
  }
  return part.bytes;
}

/** Rows after which the columns of a file are known, or it is not cut. */
const headRows = [1, 64, 4_096];
/** Bytes in which they are looked for first, and those in which they have to be. */
const headSteps = [1 << 20, 2 * maxRecordBytes];

interface CsvHead {
  readonly names: readonly string[];
  readonly lineEnd: '\n' | '\r\n' | '\r';
  readonly bytes: number;
}

/** What the first records of a large CSV say, and how many bytes they take; undefined where they say nothing. */
async function headOf({ request, sizes }: ScatterJob, part: RawPart, scratch: string): Promise<CsvHead | undefined> {
  if (part.format !== 'csv' || part.bytes <= sizes.partBytes) return undefined;
  const path = join(scratch, 'begin.csv');
  for (const most of headSteps) {
    const bytes = Math.min(part.bytes, most);
    await copyBytes(request.store, part, 0, bytes, path);
    const head = await headIn({ ...part, path, bytes }, scratch, request.signal);
    if (head !== undefined || bytes === part.bytes) return head;
  }
  return undefined;
}

/** The same, of a file that holds the first bytes of a CSV. */
async function headIn(
  begin: LocalPart,
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<CsvHead | undefined> {
  for (const rows of headRows) {
    const { part: head } = await headPart(begin, rows, join(scratch, 'head.csv'), signal);
    if (head.path === begin.path) return undefined;
    const unreadable = await openUnreadableRows(join(scratch, 'head.ndjson'));
    const dialect = dialectOf(begin);
    const scan = await scanCsv({
      path: head.path,
      copyPath: join(scratch, 'head-good.csv'),
      source: begin.source,
      dialect,
      unreadable,
      signal,
    }).finally(unreadable.close);
    if (scan.names === undefined) continue;
    const lineEnd = firstLineEnd(await readFile(head.path), dialect, true);
    return { names: scan.names, lineEnd: lineEnd ?? '\n', bytes: head.bytes };
  }
  return undefined;
}
