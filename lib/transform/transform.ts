import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import { EtlError } from '../errors.ts';
import type { CleanManifest, CleanPlan } from '../manifest.ts';
import { type DecidedRows, decideRows } from './decide-rows.ts';
import { TransformFailedError } from './errors.ts';
import type { LocalPart } from './read/local-part.ts';
import type { TransformRequest } from './request.ts';
import { writeChunks } from './write-chunks.ts';

export { checkExpressions } from './rules/check-expressions.ts';

/** A transform that has decided and counted every row, and writes its chunks. Stop it in any case. */
export interface Transformation {
  readonly plan: CleanPlan;
  /** The ordinal of each chunk's first row: with the counts, which rows go where. */
  readonly cut: readonly number[];
  /** Resolves when the chunk of this number lies in the store; rejects when it never will. */
  readonly written: (chunk: number) => Promise<void>;
  /** Resolves when all chunks lie there. */
  readonly finished: Promise<CleanManifest>;
  /** Ends what is still under way and frees the working files. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

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

/** As `transform`, and resolves when every row is decided: the chunks can be taken one by one as they are written. */
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
    const parts: LocalPart[] = [];
    for (const part of request.raw.parts) {
      parts.push({ ...part, path: part.local ? part.location : await request.store.localPath(part.location) });
    }
    const results = await request.store.scratchPath(`${request.prefix}/clean/part-00000.parquet`);
    session = await openDuckDb({
      allowedDirs: [scratch, join(results, '..')],
      allowedFiles: parts.map((part) => part.path),
      tempDir: scratch,
      memoryLimitMb: request.memoryLimitMb,
      threads: request.threads,
      signal,
    });
    const decided = await decideRows(request, session, parts, scratch);
    const { finished, written } = writeDecided(request, session, decided, signal);
    return {
      plan: planOf(decided),
      cut: decided.chunks.map((chunk) => chunk.first),
      written,
      finished,
      stop: async () => {
        stopping.abort(new Error('The transform was stopped.'));
        await finished.catch(() => undefined);
        await clear();
      },
    };
  } catch (error) {
    await clear();
    throw failureOf(request, error);
  }
}

/** Writes the chunks, and lets each be waited for. */
function writeDecided(
  request: TransformRequest,
  session: DuckDbSession,
  decided: DecidedRows,
  signal: AbortSignal,
): Pick<Transformation, 'finished' | 'written'> {
  const gates = decided.chunks.map(() => openGate());
  const write = async (): Promise<CleanManifest> => {
    try {
      const chunks = await writeChunks(session, {
        ...decided,
        store: request.store,
        writers: request.threads ?? Math.min(4, availableParallelism()),
        signal,
        onChunk: (index) => gates[index]?.open(),
      });
      return { ...planOf(decided), chunks };
    } catch (error) {
      const failure = failureOf(request, error);
      for (const gate of gates) gate.shut(failure);
      throw failure;
    }
  };
  const finished = write();
  // Whoever waits for it hears of it; one who does not must not end the process.
  finished.catch(() => undefined);
  return { finished, written: async (chunk) => await gates[chunk]?.passed };
}

function planOf({ chunks, columns, counts, rejected }: DecidedRows): CleanPlan {
  return {
    columns: [...columns],
    chunks: chunks.map(({ location, rows }) => ({ location, rows })),
    rejected,
    counts,
  };
}

function failureOf(request: TransformRequest, error: unknown): unknown {
  if (request.signal?.aborted === true) return request.signal.reason;
  return error instanceof EtlError ? error : new TransformFailedError({ cause: error });
}

interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
  readonly shut: (reason: unknown) => void;
}

function openGate(): Gate {
  let open: () => void = () => undefined;
  let shut: (reason: unknown) => void = () => undefined;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    shut = reject;
  });
  passed.catch(() => undefined);
  return { passed, open, shut };
}
