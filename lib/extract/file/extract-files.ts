import type { FileSettings } from '../../config/pipeline.ts';
import { formatSettings } from '../../config/source-file.ts';
import type { RawManifest, RawPart } from '../../manifest.ts';
import { isS3Path } from '../../s3-path.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import { isStaged, writeManifest } from '../raw-objects.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { fetchCursor, keepCursor } from '../stored-cursor.ts';
import { checkText, checkUtf8, copyFile, headBytes, isBlank, textEncoding } from './copy-file.ts';
import { EmptyFileError, FileTooSlowError, MixedFormatsError, TooManyBytesError } from './errors.ts';
import { type FileCursor, fileCursorSchema, fileSettingsDigest } from './file-cursor.ts';
import { type FileKind, fileKind } from './file-kind.ts';
import { assertUnchanged, fingerprintFiles, pinnedAgain } from './fingerprint.ts';
import { formatReader } from './formats.ts';
import { hivePartitions } from './hive-partitions.ts';
import { openFile, readBytes } from './open-file.ts';

/**
 * How much reading a call that is killed may lose. The cursor names every file, so to keep it after each of thousands of
 * small ones would take longer than to read them.
 */
const keepEveryMs = 1_000;
const keepEveryBytes = 8 * 1024 * 1024;

/**
 * Extracts the files of a source, beginning where the cursor in the store stands: files and objects that can be read as they
 * are by reference, the others as parts of the store.
 */
export async function extractFiles(request: ExtractRequest, settings: FileSettings): Promise<RawManifest> {
  let cursor = await readCursor(request, settings);
  const kinds = kindsOf(cursor.files, settings);
  const doneBefore = cursor.done;
  let copied = 0;
  let kept = { done: doneBefore, copied, at: request.clock.now().getTime() };
  for (const file of cursor.files.slice(doneBefore)) {
    if (cursor.done > doneBefore && isLate(request)) break;
    try {
      cursor = await extractFile(file, kinds[cursor.done] as FileKind, cursor, request, settings);
    } catch (thrown) {
      if (!(thrown instanceof DeadlineReachedError)) throw thrown;
      if (cursor.done === doneBefore) throw new FileTooSlowError(file.shown, file.bytes);
      break;
    }
    const now = request.clock.now().getTime();
    const last = cursor.parts.at(-1);
    if (last !== undefined && isStaged(last)) copied += file.bytes;
    if (now - kept.at >= keepEveryMs || copied - kept.copied >= keepEveryBytes) {
      await keepCursor(request, cursor);
      kept = { done: cursor.done, copied, at: now };
    }
    request.onProgress?.({ rows: cursor.rows, bytes: cursor.bytes_read, requests: 0 });
  }
  const complete = cursor.done === cursor.files.length;
  // At the end the manifest has all of it.
  if (!complete && cursor.done !== kept.done) await keepCursor(request, cursor);
  return await writeManifest(request.store, request.prefix, {
    complete,
    parts: cursor.parts,
    rejected: cursor.rejected,
    extracted_at: cursor.extracted_at,
    source_fingerprint: cursor.fingerprint,
    bytes_read: cursor.bytes_read,
    warnings: cursor.warnings.length === 0 ? undefined : cursor.warnings,
  });
}

async function readCursor(request: ExtractRequest, settings: FileSettings): Promise<FileCursor> {
  const digest = fileSettingsDigest(settings);
  const stored = await fetchCursor(request, fileCursorSchema, digest);
  if (stored !== undefined) {
    const parts = [...pinnedAgain(stored.parts, stored.fingerprint, request.fingerprint)];
    for (const part of parts) if (part.local) await assertUnchanged({ ...part, shown: part.source });
    return { ...stored, parts, files: [...pinnedAgain(stored.files, stored.fingerprint, request.fingerprint)] };
  }
  const extractedAt = request.clock.now().toISOString();
  const { files, fingerprint } = request.fingerprint ?? (await fingerprintFiles(settings, request));
  return {
    version: 1,
    settings: digest,
    extracted_at: extractedAt,
    fingerprint,
    files: [...files],
    done: 0,
    parts: [],
    rejected: [],
    rejected_rows: 0,
    rows: 0,
    bytes_read: 0,
    warnings: [...(request.objects?.warnings ?? [])],
  };
}

function kindsOf(files: readonly PinnedFile[], settings: FileSettings): readonly FileKind[] {
  const kinds = files.map((file) => fileKind(file.shown, settings));
  const family = ({ format }: FileKind): string => formatReader(format).part;
  const [first] = kinds;
  const odd = kinds.findIndex((kind) => first !== undefined && family(kind) !== family(first));
  if (first !== undefined && odd !== -1) {
    const names = [files[0]?.shown ?? '', files[odd]?.shown ?? ''] as const;
    throw new MixedFormatsError(names[0], first.format, names[1], kinds[odd]?.format ?? '');
  }
  return kinds;
}

async function extractFile(
  file: PinnedFile,
  kind: FileKind,
  cursor: FileCursor,
  request: ExtractRequest,
  settings: FileSettings,
): Promise<FileCursor> {
  const next = { ...cursor, done: cursor.done + 1, bytes_read: cursor.bytes_read + file.bytes };
  if (file.bytes === 0 && (cursor.files.length > 1 || formatReader(kind.format).mayBeEmpty)) {
    return { ...next, warnings: [...cursor.warnings, `The file ${file.shown} is empty and was passed over.`] };
  }
  if (file.bytes === 0) throw new EmptyFileError(file.shown);
  await assertUnchanged(file);
  const before = cursor.parts.reduce((sum, part) => sum + part.bytes, 0);
  if (await fitsAsItIs(file, kind, settings, request)) {
    if (before + file.bytes > settings.max_bytes) throw new TooManyBytesError(file.shown, settings.max_bytes);
    return { ...next, parts: [...cursor.parts, { ...partOf(file, kind, settings), ...placeOf(file) }] };
  }
  const chunks = watched(openFile(file, kind, request), file, before, settings, request);
  const sealed = { sealed: cursor.parts.filter(isStaged).length, rejected: cursor.rejected.length };
  const copied = await copyFile(file, kind, chunks, sealed, settings, request);
  await assertUnchanged(file);
  const parts = copied.parts.map((part) => ({ ...partOf(file, kind, settings), ...part }));
  const rejected = copied.rejected.map((part) => ({ location: part.location, rows: copied.rejectedRows }));
  return {
    ...next,
    rows: cursor.rows + copied.rows,
    rejected_rows: cursor.rejected_rows + copied.rejectedRows,
    parts: [...cursor.parts, ...parts],
    rejected: [...cursor.rejected, ...rejected],
  };
}

/** Whether rows can be read from the file itself: not packed, UTF-8, and not one JSON document. */
async function fitsAsItIs(
  file: PinnedFile,
  kind: FileKind,
  settings: FileSettings,
  request: ExtractRequest,
): Promise<boolean> {
  const reader = formatReader(kind.format);
  if (kind.compression !== 'none' || !formatSettings(kind.format).asIs) return false;
  if (isS3Path(file.location) && !staysInPlace(file, request)) return false;
  const most = reader.text ? headBytes : edgeBytes;
  const head = await readBytes(file, 0, Math.min(most, file.bytes), request);
  if (reader.checkEdge !== undefined) {
    reader.checkEdge(file.shown, head);
    reader.checkEdge(file.shown, await readBytes(file, Math.max(0, file.bytes - edgeBytes), file.bytes, request));
  }
  if (!reader.text) return true;
  checkText(file.shown, head, kind);
  if (textEncoding(file.shown, kind, head) !== 'utf-8') return false;
  const isWhole = file.bytes <= headBytes;
  if (isWhole && !reader.mayBeEmpty && isBlank(head.subarray(head[0] === 0xef ? 3 : 0))) {
    throw new EmptyFileError(file.shown);
  }
  checkUtf8(file.shown, head, reader.headerLines(settings));
  return true;
}

/** Bytes at the start and at the end that tell a format. */
const edgeBytes = 4;

/** Whether an object may be read where it lies. A look at its first rows copies these alone. */
function staysInPlace({ etag }: PinnedFile, { copyObjects, headBytes: head }: ExtractRequest): boolean {
  return etag !== undefined && copyObjects !== true && head === undefined;
}

function isLate({ clock, deadline }: ExtractRequest): boolean {
  return deadline !== undefined && clock.now() >= deadline;
}

/** The chunks of a file, until they are too many or the time is up. */
async function* watched(
  chunks: AsyncIterable<Buffer>,
  file: PinnedFile,
  bytesBefore: number,
  settings: FileSettings,
  request: ExtractRequest,
): AsyncGenerator<Buffer> {
  let bytes = bytesBefore;
  for await (const chunk of chunks) {
    request.signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > settings.max_bytes) throw new TooManyBytesError(file.shown, settings.max_bytes);
    if (isLate(request)) throw new DeadlineReachedError();
    request.onProgress?.({ rows: 0, bytes, requests: 0 });
    yield chunk;
  }
}

/** A part of the store that holds what a file holds. */
function partOf(file: PinnedFile, kind: FileKind, settings: FileSettings): RawPart {
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

/** Where a part lies that is the file itself, and what it has to be still. */
function placeOf({ etag, location, modified_ms, version_id }: PinnedFile): Partial<RawPart> {
  return etag === undefined ? { local: true, modified_ms } : { location, object: { etag, version_id } };
}
