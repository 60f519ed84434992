import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import type { Chunk } from '../manifest.ts';
import type { TransformResult } from '../transform-result.ts';
import { cleanSource } from './clean/clean-source.ts';
import { transformFailure } from './errors.ts';
import type { LocalPart } from './read/local-part.ts';
import type { TransformRequest } from './request.ts';
import { requireSpace } from './require-space.ts';
import { checkpointBytes, readCheckpoint, writeCheckpoint } from './result/checkpoint.ts';
import { type WriteResult, writeMissingChunks } from './result/missing-chunks.ts';
import { planOf, type WorkingFile, workingFileReader } from './result/working-file.ts';
import { untilAborted } from './until-aborted.ts';

export type { WriteResult } from './result/missing-chunks.ts';
export { checkExpressions } from './rules/check-expressions.ts';

/**
 * Turns the raw parts of a run into clean Parquet chunks and rejected rows. Every row read is filtered, deduplicated,
 * rejected or clean, and the counts are checked. The same input gives the same decisions, order and chunks. Goes on with
 * what an earlier call under the same prefix has kept when it was paused.
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
  return await withWorkingFile(request, async ({ decided, session, signal, written }) => {
    const unkept = written === undefined ? await checkpointBytes(decided) : 0;
    return await writeMissingChunks(request, session, { decided, written, signal, paused: pause(unkept) });
  });
}

/**
 * As `transformToChunks`, but leaves the clean rows in the file in which they were decided, for a load on this machine: each
 * chunk is a range of it. When it resolves, what was decided is durable in the store, and the next call finds it there.
 */
export async function transformToWorkingFile(request: TransformRequest): Promise<TransformResult> {
  const kept = await readCheckpoint(request);
  if (kept !== undefined) return rowsOf(request, kept.decided);
  await withWorkingFile(request, async ({ decided }) => {
    const written = decided.chunks.map(() => undefined);
    await writeCheckpoint(request, decided, written, false);
  });
  const now = await readCheckpoint(request);
  if (now === undefined) throw new Error('What was decided is not in the store.');
  return rowsOf(request, now.decided);
}

function rowsOf({ raw }: TransformRequest, decided: WorkingFile): TransformResult {
  return { plan: planOf(decided), chunks: workingFileReader(decided, raw) };
}

/** Decides about the rows, or takes what an earlier call has kept, for work that may read them until it ends. */
async function withWorkingFile<T>(
  request: TransformRequest,
  work: (given: {
    readonly session: DuckDbSession;
    readonly decided: WorkingFile;
    /** By number of the chunk; undefined when nothing was kept. */
    readonly written: readonly (Chunk | undefined)[] | undefined;
    readonly signal: AbortSignal;
  }) => Promise<T>,
): Promise<T> {
  request.signal?.throwIfAborted();
  const signal = request.signal ?? new AbortController().signal;
  const scratch = await mkdtemp(join(request.scratchDir, 'transform-'));
  let session: DuckDbSession | undefined;
  try {
    const kept = await untilAborted(signal, readCheckpoint(request));
    if (kept === undefined) await request.beforeCleaning?.();
    const parts = kept === undefined ? await untilAborted(signal, localParts(request)) : [];
    const results = await request.store.scratchPath(`${request.prefix}/clean/part-00000.parquet`);
    session = await openDuckDb({
      allowedDirs: [scratch, dirname(results)],
      allowedFiles: kept?.files ?? parts.map((part) => part.path),
      tempDir: scratch,
      memoryLimitMb: request.memoryLimitMb,
      threads: request.threads,
      signal,
    });
    const decided = kept?.decided ?? (await cleanSource(request, session, parts, scratch));
    if (kept === undefined) await request.checkParts?.();
    return await work({ session, decided, written: kept?.written, signal });
  } catch (error) {
    throw transformFailure(request.signal, error);
  } finally {
    session?.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The parts on the local disk. */
async function localParts({ raw, scratchDir, store }: TransformRequest): Promise<readonly LocalPart[]> {
  await requireSpace({ parts: raw.parts, store, scratchDir });
  const parts: LocalPart[] = [];
  for (const part of raw.parts) {
    parts.push({ ...part, path: part.local ? part.location : await store.localPath(part.location) });
  }
  return parts;
}
