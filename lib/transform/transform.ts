import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import type { CleanManifest } from '../manifest.ts';
import { decideRows } from './decide-rows.ts';
import { planOf } from './decided-rows.ts';
import { transformFailure } from './errors.ts';
import { bytesToKeep, fetchDecision } from './kept-decision.ts';
import type { LocalPart } from './read/local-part.ts';
import type { TransformRequest } from './request.ts';
import { requireSpace } from './require-space.ts';
import { type Transformation, writeDecided } from './transformation.ts';
import { untilAborted } from './until-aborted.ts';

export { checkExpressions } from './rules/check-expressions.ts';
export type { Transformation } from './transformation.ts';

/**
 * Turns the raw parts of a run into clean Parquet chunks and rejected rows. Every row read is filtered, deduplicated,
 * rejected or clean, and the counts are checked. The same input gives the same decisions, order and chunks.
 *
 * @throws {BadRuleError | UnknownColumnError | UnreadableSourceError | TooManyColumnsError} terminal: the configuration
 *   or the source is wrong
 * @throws {RowsUnaccountedError} terminal: the counts do not add up
 * Killed midway: objects under the prefix may stand there without a manifest; a repeat replaces them.
 */
export async function transform(request: TransformRequest): Promise<CleanManifest> {
  const transformation = await beginTransform(request);
  try {
    return await transformation.finished;
  } finally {
    await transformation.stop();
  }
}

/**
 * As `transform`, and resolves when every row is decided: the chunks can be taken one by one as they are written. Goes on
 * with what an earlier call under the same prefix has kept when it was paused.
 *
 * @throws {DiskTooSmallError} terminal: the parts cannot fit on the local disk; nothing has been read
 */
export async function beginTransform(request: TransformRequest): Promise<Transformation> {
  request.signal?.throwIfAborted();
  const stopping = new AbortController();
  const signal = request.signal === undefined ? stopping.signal : AbortSignal.any([request.signal, stopping.signal]);
  const scratch = await mkdtemp(join(request.scratchDir, 'transform-'));
  let session: DuckDbSession | undefined;
  const clear = async (): Promise<void> => {
    session?.close();
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    const kept = await untilAborted(signal, fetchDecision(request));
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
    const decided = kept?.decided ?? (await decideRows(request, session, parts, scratch));
    const unkept = kept === undefined ? await bytesToKeep(decided) : 0;
    const writing = writeDecided(request, session, { decided, written: kept?.written, signal });
    return {
      plan: planOf(decided),
      cut: decided.chunks.map((chunk) => chunk.first),
      bytesToKeep: unkept,
      ...writing,
      stop: async () => {
        stopping.abort(new Error('The transform was stopped.'));
        await writing.finished.catch(() => undefined);
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw transformFailure(request.signal, error);
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
