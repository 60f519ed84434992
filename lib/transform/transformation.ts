import { availableParallelism } from 'node:os';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import type { Chunk, CleanManifest, CleanPlan } from '../manifest.ts';
import { chunkColumns, cleanRelation, type DecidedRows, planOf } from './decided-rows.ts';
import { transformFailure } from './errors.ts';
import { keepDecision } from './kept-decision.ts';
import type { TransformRequest } from './request.ts';
import { untilAborted } from './until-aborted.ts';
import { writeChunks } from './write-chunks.ts';

/** A transform that has decided and counted every row, and writes its chunks. Stop it in any case. */
export interface Transformation {
  readonly plan: CleanPlan;
  /** The ordinal of each chunk's first row: with the counts, which rows go where. */
  readonly cut: readonly number[];
  /** Resolves when the chunk of this number lies in the store; rejects when it never will. */
  readonly written: (chunk: number) => Promise<void>;
  /** Resolves when all chunks lie there; rejects when the transform is stopped or paused before. */
  readonly finished: Promise<CleanManifest>;
  /**
   * Finishes the chunks in hand and keeps in the store what was decided, for `beginTransform` to go on with in another
   * process. The working files are gone then. Killed midway: what an earlier pause has kept counts, or nothing.
   */
  readonly pause: () => Promise<Pause>;
  /** Bytes that `pause` brings into the store, about, besides the chunks in hand. */
  readonly bytesToKeep: number;
  /** Ends what is still under way and frees the working files. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

/**
 * How a pause ended. finished: the chunks in hand were the last ones. kept: the rest can be written later. stuck: it can,
 * and since it was kept before no chunk has been added, so that calling again and again might not end.
 */
export type Pause = 'finished' | 'kept' | 'stuck';

/** Writes the chunks that are missing, lets each be waited for, and may be paused between two. */
export function writeDecided(
  request: TransformRequest,
  session: DuckDbSession,
  args: {
    readonly decided: DecidedRows;
    /** By number of the chunk; undefined when nothing was kept before. */
    readonly written: readonly (Chunk | undefined)[] | undefined;
    readonly signal: AbortSignal;
  },
): Pick<Transformation, 'finished' | 'pause' | 'written'> {
  const { decided, signal } = args;
  const paused = new AbortController();
  const gates = decided.chunks.map(() => openGate());
  const chunks: (Chunk | undefined)[] = decided.chunks.map((_, index) => args.written?.[index]);
  const count = (): number => chunks.filter((chunk) => chunk !== undefined).length;
  const before = count();
  for (const [index, gate] of gates.entries()) {
    if (chunks[index] !== undefined) gate.open();
  }
  const write = async (): Promise<CleanManifest> => {
    try {
      await writeChunks(session, {
        clean: cleanRelation(decided),
        select: chunkColumns(decided, request.raw),
        chunks: decided.chunks,
        written: (index) => chunks[index] !== undefined,
        store: request.store,
        writers: request.threads ?? Math.min(4, availableParallelism()),
        signal,
        paused: paused.signal,
        onChunk: (index, chunk) => {
          chunks[index] = chunk;
          gates[index]?.open();
        },
      });
      const all = chunks.flatMap((chunk) => chunk ?? []);
      if (all.length < chunks.length) throw new PausedBeforeTheEnd();
      return { ...planOf(decided), chunks: all };
    } catch (error) {
      const failure = error instanceof PausedBeforeTheEnd ? error : transformFailure(request.signal, error);
      for (const gate of gates) gate.shut(failure);
      throw failure;
    }
  };
  const finished = write();
  // Whoever waits for it hears of it; one who does not must not end the process.
  finished.catch(() => undefined);
  const pause = async (): Promise<Pause> => {
    paused.abort();
    try {
      await untilAborted(signal, finished);
      return 'finished';
    } catch (error) {
      if (!(error instanceof PausedBeforeTheEnd)) throw transformFailure(request.signal, error);
    }
    const again = args.written !== undefined;
    if (again && count() === before) return 'stuck';
    try {
      await untilAborted(signal, keepDecision(request, session, decided, chunks, again));
      return 'kept';
    } catch (error) {
      throw transformFailure(request.signal, error);
    }
  };
  return { finished, pause, written: async (chunk) => await gates[chunk]?.passed };
}

/** Chunks are missing because a pause was asked for. */
class PausedBeforeTheEnd extends Error {
  override readonly name = 'PausedBeforeTheEnd';
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
