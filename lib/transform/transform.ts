import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DuckDbSession, openDuckDb, threadsFor } from '../duckdb/open-duckdb.ts';
import { mapSideBySide } from '../side-by-side.ts';
import type { TransformResult } from '../transform-result.ts';
import { cleanSource } from './clean/clean-source.ts';
import { transformFailure } from './errors.ts';
import { headPart } from './read/head-part.ts';
import type { LocalPart } from './read/local-part.ts';
import type { TransformRequest } from './request.ts';
import { requireSpace } from './require-space.ts';
import { type Checkpoint, checkpointBytes, readCheckpoint, storedFile, writeCheckpoint } from './result/checkpoint.ts';
import { type WriteResult, writeMissingChunks } from './result/missing-chunks.ts';
import { planOf, type WorkingFile, workingFileReader } from './result/working-file.ts';
import { untilAborted } from './until-aborted.ts';

export type { WriteResult } from './result/missing-chunks.ts';

/**
 * Turns the raw parts of a run into Parquet chunks and rejected rows. Every row read is filtered, deduplicated,
 * rejected or in a chunk, and the counts are checked. The same input gives the same decisions, order and chunks.
 * Continues from the checkpoint that an earlier call under the same prefix has written when it was paused.
 *
 * @param pause  told how many bytes a pause brings into the store, besides the chunks in hand; its signal asks for one
 * @throws {BadRuleError | UnknownColumnError | UnreadableSourceError | TooManyColumnsError} terminal: the configuration
 *   or the source is wrong
 * @throws {DiskTooSmallError} terminal: the parts cannot fit on the local disk; nothing has been read
 * @throws {RowsUnaccountedError} terminal: the counts do not add up
 * Killed midway: objects under the prefix may stand there without a manifest; a repeat replaces them.
 */
export async function transformToChunks(
  request: TransformRequest,
  pause: (checkpointBytes: number) => AbortSignal,
): Promise<WriteResult> {
  request.signal?.throwIfAborted();
  const signal = request.signal ?? new AbortController().signal;
  const checkpoint = await untilAborted(signal, readCheckpoint(request));
  return await withWorkingFile(request, signal, checkpoint, async (file, session) => {
    const paused = pause(checkpoint === undefined ? await checkpointBytes(file) : 0);
    return await writeMissingChunks(request, session, { file, stored: checkpoint?.stored, signal, paused });
  });
}

/**
 * As `transformToChunks`, but leaves the rows in the working file, for a load on this machine: each chunk is a range of
 * it. When it resolves, the checkpoint is durable in the store, and the next call finds it there.
 */
export async function transformToWorkingFile(request: TransformRequest): Promise<TransformResult> {
  request.signal?.throwIfAborted();
  const signal = request.signal ?? new AbortController().signal;
  const checkpoint = await untilAborted(signal, readCheckpoint(request));
  const file =
    checkpoint?.file ??
    (await withWorkingFile(request, signal, undefined, async (cleaned) => {
      const noChunks = cleaned.chunks.map(() => undefined);
      await writeCheckpoint(request, cleaned, noChunks, false);
      return await storedFile(request, cleaned);
    }));
  return { plan: planOf(file), chunks: workingFileReader(file, request.raw) };
}

/** Takes the working file of the checkpoint, or cleans the source into one, for work that may read it until it ends. */
async function withWorkingFile<T>(
  request: TransformRequest,
  signal: AbortSignal,
  checkpoint: Checkpoint | undefined,
  work: (file: WorkingFile, session: DuckDbSession) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(request.scratchDir, 'transform-'));
  let session: DuckDbSession | undefined;
  try {
    if (checkpoint === undefined) await request.beforeCleaning?.();
    const parts = checkpoint === undefined ? await untilAborted(signal, localParts(request, scratch)) : [];
    const lookups = checkpoint === undefined ? ((await request.readLookups?.()) ?? []) : [];
    const sources = [...parts, ...lookups.flatMap((lookup) => lookup.parts)];
    const results = await request.store.scratchPath(`${request.prefix}/clean/part-00000.parquet`);
    session = await openDuckDb({
      allowedDirs: [scratch, dirname(results)],
      allowedFiles: checkpoint?.localFiles ?? sources.map((part) => part.path),
      tempDir: scratch,
      memoryLimitMb: request.memoryLimitMb,
      threads: request.threads ?? (lookups.length === 0 ? threadsFor(bytesOf(request)) : undefined),
      signal,
    });
    const file = checkpoint?.file ?? (await cleanSource(request, session, parts, scratch, lookups));
    if (checkpoint === undefined) await request.checkParts?.();
    return await work(file, session);
  } catch (error) {
    throw transformFailure(request.signal, error);
  } finally {
    session?.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

function bytesOf({ raw }: TransformRequest): number {
  return raw.parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Parts that are brought from the store at once: of thousands of small ones each waits for an answer. */
const downloadsAtOnce = 8;

/** The parts on the local disk; only their first rows, where no more are wanted. */
async function localParts(request: TransformRequest, scratch: string): Promise<readonly LocalPart[]> {
  const { firstRows } = request;
  return firstRows === undefined ? await allParts(request) : await headParts(request, firstRows, scratch);
}

/** All parts on the local disk. */
async function allParts({ raw, scratchDir, store }: TransformRequest): Promise<readonly LocalPart[]> {
  await requireSpace({ parts: raw.parts, store, scratchDir });
  return await mapSideBySide(raw.parts, downloadsAtOnce, async (part) => {
    return { ...part, path: part.local ? part.location : await store.localPath(part.location) };
  });
}

/** The first rows of the parts, on the local disk. */
async function headParts(request: TransformRequest, firstRows: number, scratch: string): Promise<readonly LocalPart[]> {
  const { raw, signal, store } = request;
  const parts: LocalPart[] = [];
  let left = firstRows;
  for (const [index, part] of raw.parts.entries()) {
    if (left <= 0) break;
    const local = { ...part, path: part.local ? part.location : await store.localPath(part.location) };
    const head = await headPart(local, left, join(scratch, `head-${index}.${part.format}`), signal);
    left -= head.rows;
    parts.push(head.part);
  }
  return parts;
}
