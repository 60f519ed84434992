import { z } from 'zod';
import type { FileSettings } from '../../config/pipeline.ts';
import { type RawPart, rawPartSchema } from '../../manifest.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import { SinkWriteError } from '../errors.ts';
import type { ExtractRequest, FilesToCopy, FileToCopy, PinnedFile } from '../request.ts';
import { copyFile } from './copy-file.ts';
import { FileBeyondDiskError, FileTooSlowError, TooManyBytesError } from './errors.ts';
import { fileSettingsDigest } from './file-cursor.ts';
import { type FileKind, fileKind } from './file-kind.ts';
import { assertUnchanged } from './fingerprint.ts';
import { formatReader } from './formats.ts';
import { hivePartitions } from './hive-partitions.ts';
import { openFile } from './open-file.ts';

const fileCopySchema = z.strictObject({
  /** One part, none for a file without rows. */
  parts: z.array(rawPartSchema),
  rejected: z.array(z.strictObject({ location: z.string(), rows: z.int().min(0) })),
  rejected_rows: z.int().min(0),
  /** Rows, where they were counted on the way: of JSON documents. */
  rows: z.int().min(0),
  /** Bytes of the file when unpacked. */
  unpacked: z.int().min(0),
});

/** What became of a file that was copied into the store. */
export type FileCopy = z.infer<typeof fileCopySchema>;

/**
 * Copies a file into parts of the store, under names that tell its place in the source: the same bytes under the same names,
 * whoever copies it and whenever.
 *
 * @param bytesBefore  of the parts before it, where they count against `max_bytes`
 * @throws {DeadlineReachedError} when the time is up: nothing of it is durable
 * @throws {FileBeyondDiskError} terminal: the disk does not take it
 */
export async function copyToPart(
  { file, number }: FileToCopy,
  settings: FileSettings,
  request: ExtractRequest,
  bytesBefore: number,
): Promise<FileCopy> {
  const kind = fileKind(file.shown, settings);
  let unpacked = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of watched(openFile(file, kind, request), file, bytesBefore, settings, request)) {
      unpacked += chunk.length;
      yield chunk;
    }
  }
  await assertUnchanged(file);
  const copied = await copyFile(file, kind, counted(), number, settings, request).catch((thrown: unknown) => {
    throw isDiskFull(thrown) ? new FileBeyondDiskError(file.shown, unpacked, { cause: thrown }) : thrown;
  });
  await assertUnchanged(file);
  return {
    parts: copied.parts.map((part) => ({ ...partOf(file, kind, settings), ...part })),
    rejected: copied.rejected.map(({ location }) => ({ location, rows: copied.rejectedRows })),
    rejected_rows: copied.rejectedRows,
    rows: copied.rows,
    unpacked,
  };
}

function isDiskFull(thrown: unknown): boolean {
  const cause = thrown instanceof SinkWriteError ? thrown.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
}

/**
 * Copies files one after another, each of which is durable with what is told of it before the next one begins.
 *
 * Killed midway: files that are told of are not copied again; the one in hand is, with the same result.
 *
 * @returns how many are done, with those of the calls before; more than before
 * @throws {FileTooSlowError} terminal: the time is not enough for one of them
 */
export async function copyFiles(
  request: ExtractRequest,
  settings: FileSettings,
  { done, files }: FilesToCopy,
): Promise<number> {
  let at = done;
  for (const one of files.slice(done)) {
    if (at > done && isLate(request)) break;
    try {
      await copyAlone(request, settings, one);
    } catch (thrown) {
      if (!(thrown instanceof DeadlineReachedError)) throw thrown;
      if (at === done) throw new FileTooSlowError(one.file.shown, one.file.bytes);
      break;
    }
    at += 1;
  }
  return at;
}

async function copyAlone(request: ExtractRequest, settings: FileSettings, one: FileToCopy): Promise<void> {
  if ((await findCopy(request, settings, one)) !== undefined) return;
  const copy = await copyToPart(one, settings, request, 0);
  await request.store.put(copyKey(request, settings, one), JSON.stringify(fileCopySchema.parse(copy)));
}

/** What `copyFiles` has left of a file; undefined where it has not been copied. */
export async function findCopy(
  request: ExtractRequest,
  settings: FileSettings,
  one: Pick<FileToCopy, 'number'>,
): Promise<FileCopy | undefined> {
  const bytes = await request.store.get(copyKey(request, settings, one));
  return bytes === undefined ? undefined : fileCopySchema.parse(JSON.parse(Buffer.from(bytes).toString()));
}

/** A file that is read in another way is told of elsewhere. */
function copyKey({ prefix }: ExtractRequest, settings: FileSettings, { number }: Pick<FileToCopy, 'number'>): string {
  return `${prefix}/raw/copies/${fileSettingsDigest(settings).slice(0, 16)}/${String(number).padStart(5, '0')}.json`;
}

/** A part of the store that holds what a file holds. */
export function partOf(file: PinnedFile, kind: FileKind, settings: FileSettings): RawPart {
  const { dialect, part } = formatReader(kind.format);
  return {
    location: file.location,
    local: false,
    source: file.shown,
    format: part,
    csv: dialect(settings),
    bytes: file.bytes,
    source_column: settings.file_name_column,
    partitions: settings.hive_partitions ? hivePartitions(file.shown) : undefined,
  };
}

/** Whether no other file is begun. */
export function isLate({ clock, deadline }: ExtractRequest): boolean {
  return deadline !== undefined && clock.now() >= deadline;
}

/** The chunks of a file, until they are too many or the time is up in which they can be made durable. */
async function* watched(
  chunks: AsyncIterable<Buffer>,
  file: PinnedFile,
  bytesBefore: number,
  settings: FileSettings,
  request: ExtractRequest,
): AsyncGenerator<Buffer> {
  const { clock, copyDeadline, deadline, signal } = request;
  let bytes = bytesBefore;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > settings.max_bytes) throw new TooManyBytesError(file.shown, settings.max_bytes);
    const end = copyDeadline?.(bytes - bytesBefore) ?? deadline;
    if (end !== undefined && clock.now() >= end) throw new DeadlineReachedError();
    request.onProgress?.({ rows: 0, bytes, requests: 0 });
    yield chunk;
  }
}
