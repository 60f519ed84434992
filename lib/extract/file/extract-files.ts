import type { FileSettings } from '../../config/pipeline.ts';
import type { RawManifest, RawPart } from '../../manifest.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import { writeManifest } from '../raw-objects.ts';
import type { ExtractRequest, PinnedFile } from '../request.ts';
import { fetchCursor, keepCursor } from '../stored-cursor.ts';
import { copyToPart, type FileCopy, findCopy, isLate, partOf } from './copy-to-part.ts';
import { EmptyFileError, FileTooSlowError, MixedFormatsError, TooManyBytesError } from './errors.ts';
import { type FileCursor, fileCursorSchema, fileSettingsDigest } from './file-cursor.ts';
import { type FileKind, fileKind } from './file-kind.ts';
import { assertUnchanged, fingerprintFiles, pinnedAgain } from './fingerprint.ts';
import { formatReader } from './formats.ts';
import { requestsAtOnce } from './list-objects.ts';
import { type LookedCursor, lookAtFiles } from './look-at-files.ts';

/**
 * How much reading a call that is killed may lose. The cursor names every file, so to keep it after each of thousands of
 * small ones would take longer than to read them.
 */
const keepEveryMs = 1_000;
const keepEveryBytes = 8 * 1024 * 1024;

/**
 * Extracts the files of a source, beginning where the cursor in the store stands: files and objects that can be read as they
 * are by reference, the others as parts of the store. Where others copy these, it is not complete until they have.
 */
export async function extractFiles(request: ExtractRequest, settings: FileSettings): Promise<RawManifest> {
  const begun = await readCursor(request, settings);
  const kinds = kindsOf(begun.files, settings);
  const looked = await lookAtFiles(begun, kinds, settings, request);
  if (looked.looked < looked.files.length) return await leave(request, looked);
  const copied = await copiesOfOthers(looked, settings, request);
  if (copied === undefined) return await leave(request, looked);
  const cursor = await takeFiles(looked, { kinds, copied }, settings, request);
  return await leave(request, cursor);
}

/** Leaves the manifest of what has been extracted so far. */
async function leave(request: ExtractRequest, cursor: FileCursor): Promise<RawManifest> {
  return await writeManifest(request.store, request.prefix, {
    complete: cursor.done === cursor.files.length,
    parts: cursor.parts,
    rejected: cursor.rejected,
    extracted_at: cursor.extracted_at,
    source_fingerprint: cursor.fingerprint,
    bytes_read: cursor.bytes_read,
    warnings: cursor.warnings.length === 0 ? undefined : cursor.warnings,
  });
}

/**
 * What others have copied, by the places of the files; nothing where nobody else copies. Undefined where they were given
 * what they have not copied yet.
 */
async function copiesOfOthers(
  cursor: LookedCursor,
  settings: FileSettings,
  request: ExtractRequest,
): Promise<ReadonlyMap<number, FileCopy> | undefined> {
  const { copiers } = request;
  const files = cursor.copies.flatMap((number) => {
    const file = cursor.files[number];
    return file === undefined || number < cursor.done ? [] : [{ number, file }];
  });
  if (copiers === undefined || !(cursor.handed === true || copiers.take(files.map(({ file }) => file)))) {
    return new Map();
  }
  const found = cursor.handed
    ? await mapSideBySide(files, requestsAtOnce, (one) => findCopy(request, settings, one))
    : [];
  const missing = files.filter((_, at) => found[at] === undefined);
  if (missing.length === 0) {
    return new Map(files.flatMap(({ number }, at) => (found[at] === undefined ? [] : [[number, found[at]] as const])));
  }
  const handed: FileCursor = { ...cursor, handed: true };
  await keepCursor(request, handed);
  await copiers.give(missing);
  return undefined;
}

/** What is known of the files of a source. */
interface KnownFiles {
  readonly kinds: readonly FileKind[];
  /** What others have copied. */
  readonly copied: ReadonlyMap<number, FileCopy>;
}

/** Takes one file after another, until all are done or the time is up. */
async function takeFiles(
  begun: LookedCursor,
  known: KnownFiles,
  settings: FileSettings,
  request: ExtractRequest,
): Promise<FileCursor> {
  const copies = new Set(begun.copies);
  let cursor: FileCursor = begun;
  const doneBefore = cursor.done;
  let copied = 0;
  let kept = { done: doneBefore, copied, at: request.clock.now().getTime() };
  for (const file of cursor.files.slice(doneBefore)) {
    if (cursor.done > doneBefore && isLate(request)) break;
    const isCopied = copies.has(cursor.done);
    try {
      cursor = await takeFile(file, isCopied, cursor, known, settings, request);
    } catch (thrown) {
      if (!(thrown instanceof DeadlineReachedError)) throw thrown;
      if (cursor.done === doneBefore) throw new FileTooSlowError(file.shown, file.bytes);
      break;
    }
    const now = request.clock.now().getTime();
    if (isCopied) copied += file.bytes;
    if (now - kept.at >= keepEveryMs || copied - kept.copied >= keepEveryBytes) {
      await keepCursor(request, cursor);
      kept = { done: cursor.done, copied, at: now };
    }
    request.onProgress?.({ rows: cursor.rows, bytes: cursor.bytes_read, requests: 0 });
  }
  // At the end the manifest has all of it.
  if (cursor.done !== cursor.files.length && cursor.done !== kept.done) await keepCursor(request, cursor);
  return cursor;
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

async function takeFile(
  file: PinnedFile,
  isCopied: boolean,
  cursor: FileCursor,
  { copied, kinds }: KnownFiles,
  settings: FileSettings,
  request: ExtractRequest,
): Promise<FileCursor> {
  const number = cursor.done;
  const kind = kinds[number] as FileKind;
  const next = { ...cursor, done: number + 1, bytes_read: cursor.bytes_read + file.bytes };
  if (file.bytes === 0 && (cursor.files.length > 1 || formatReader(kind.format).mayBeEmpty)) {
    return { ...next, warnings: [...cursor.warnings, `The file ${file.shown} is empty and was passed over.`] };
  }
  if (file.bytes === 0) throw new EmptyFileError(file.shown);
  const before = cursor.parts.reduce((sum, part) => sum + part.bytes, 0);
  const assertFits = (bytes: number): void => {
    if (before + bytes > settings.max_bytes) throw new TooManyBytesError(file.shown, settings.max_bytes);
  };
  if (!isCopied) {
    await assertUnchanged(file);
    assertFits(file.bytes);
    return { ...next, parts: [...cursor.parts, { ...partOf(file, kind, settings), ...placeOf(file) }] };
  }
  const copy = copied.get(number) ?? (await copyToPart({ file, number }, settings, request, before));
  assertFits(copy.unpacked);
  return {
    ...next,
    rows: cursor.rows + copy.rows,
    rejected_rows: cursor.rejected_rows + copy.rejected_rows,
    parts: [...cursor.parts, ...copy.parts],
    rejected: [...cursor.rejected, ...copy.rejected],
  };
}

/** Where a part lies that is the file itself, and what it has to be still. */
function placeOf({ etag, location, modified_ms, version_id }: PinnedFile): Partial<RawPart> {
  return etag === undefined ? { local: true, modified_ms } : { location, object: { etag, version_id } };
}
