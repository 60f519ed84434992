import { availableParallelism } from 'node:os';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import type { Chunk, CleanManifest } from '../manifest.ts';
import { chunkColumns, cleanRelation, type DecidedRows, planOf, rangeOfChunk } from './decided-rows.ts';
import { keepDecision } from './kept-decision.ts';
import type { TransformRequest } from './request.ts';
import { untilAborted } from './until-aborted.ts';
import { writeChunks } from './write-chunks.ts';

/**
 * How writing the chunks ended: with all of them; or `kept`: the rest can be written later; or `stuck`: it can, and since
 * it was kept before no chunk has been added, so that calling again and again might not end.
 */
export type Written = CleanManifest | 'kept' | 'stuck';

/**
 * Writes the chunks that are missing. Where it is paused before the last one, it finishes those in hand and keeps in the
 * store what was decided, for a later call to go on with.
 *
 * Killed midway: what an earlier call has kept counts, or nothing.
 */
export async function writeDecided(
  request: TransformRequest,
  session: DuckDbSession,
  args: {
    readonly decided: DecidedRows;
    /** By number of the chunk; undefined when nothing was kept before. */
    readonly written: readonly (Chunk | undefined)[] | undefined;
    readonly signal: AbortSignal;
    readonly paused: AbortSignal;
  },
): Promise<Written> {
  const { decided, paused, signal } = args;
  const chunks: (Chunk | undefined)[] = decided.chunks.map((_, index) => args.written?.[index]);
  let added = 0;
  const columns = chunkColumns(decided, request.raw);
  await writeChunks(session, {
    chunks: decided.chunks,
    rows: (index) =>
      // The aliases are names of a stranger, so that every reference has to be qualified.
      `SELECT * REPLACE (uuid_id::UUID AS uuid_id) FROM
        (SELECT ${columns} FROM ${cleanRelation(decided, rangeOfChunk(decided, index))} AS w ORDER BY w.o)`,
    written: (index) => chunks[index] !== undefined,
    store: request.store,
    writers: request.threads ?? Math.min(4, availableParallelism()),
    signal,
    paused,
    onChunk: (index, chunk) => {
      chunks[index] = chunk;
      added += 1;
    },
  });
  const all = chunks.flatMap((chunk) => chunk ?? []);
  if (all.length === chunks.length) return { ...planOf(decided), chunks: all };
  const again = args.written !== undefined;
  if (again && added === 0) return 'stuck';
  await untilAborted(signal, keepDecision(request, decided, chunks, again));
  return 'kept';
}
