import { availableParallelism } from 'node:os';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { Chunk, Manifest } from '../../manifest.ts';
import type { TransformRequest } from '../request.ts';
import { untilAborted } from '../until-aborted.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { writeChunks } from './chunks.ts';
import { chunkColumns, cleanRelation, planOf, rangeOfChunk, type WorkingFile } from './working-file.ts';

/**
 * How writing the chunks ended. `complete`: all are in the store. `paused`: a later call writes the rest. `no_progress`: as
 * `paused`, but this call, which began from a checkpoint, has added no chunk: repeated calls might never end.
 */
export type WriteResult =
  | { readonly status: 'complete'; readonly manifest: Manifest }
  | { readonly status: 'paused' }
  | { readonly status: 'no_progress' };

/**
 * Writes the chunks that are missing. Where it is paused before the last one, it finishes those in hand and keeps in the
 * store what was decided, for a later call to go on with.
 *
 * Killed midway: what an earlier call has kept counts, or nothing.
 */
export async function writeMissingChunks(
  request: TransformRequest,
  session: DuckDbSession,
  args: {
    readonly decided: WorkingFile;
    /** By number of the chunk; undefined when nothing was kept before. */
    readonly written: readonly (Chunk | undefined)[] | undefined;
    readonly signal: AbortSignal;
    readonly paused: AbortSignal;
  },
): Promise<WriteResult> {
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
  if (all.length === chunks.length) return { status: 'complete', manifest: { ...planOf(decided), chunks: all } };
  const again = args.written !== undefined;
  if (again && added === 0) return { status: 'no_progress' };
  await untilAborted(signal, writeCheckpoint(request, decided, chunks, again));
  return { status: 'paused' };
}
