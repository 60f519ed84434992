import { availableParallelism } from 'node:os';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteName } from '../../duckdb/quote.ts';
import type { Chunk, Manifest } from '../../manifest.ts';
import type { TransformRequest } from '../request.ts';
import { untilAborted } from '../until-aborted.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { writeChunks } from './chunks.ts';
import { chunkColumns, cleanRelation, idOf, planOf, rangeOfChunk, type WorkingFile } from './working-file.ts';

/**
 * How writing the chunks ended. `complete`: all are in the store. `paused`: a later call writes the rest. `no_progress`: as
 * `paused`, but this call, which began from a checkpoint, has added no chunk: repeated calls might never end.
 */
export type WriteResult =
  | { readonly status: 'complete'; readonly manifest: Manifest }
  | { readonly status: 'paused' }
  | { readonly status: 'no_progress' };

/**
 * Writes the chunks that are missing. Where it is paused before the last one, it finishes those in hand and writes a
 * checkpoint, from which a later call continues.
 *
 * Killed midway: the earlier checkpoint is valid, or there is none.
 */
export async function writeMissingChunks(
  request: TransformRequest,
  session: DuckDbSession,
  args: {
    readonly file: WorkingFile;
    /** Chunks that are in the store, by number; undefined when there was no checkpoint. */
    readonly stored: readonly (Chunk | undefined)[] | undefined;
    readonly signal: AbortSignal;
    readonly paused: AbortSignal;
  },
): Promise<WriteResult> {
  const { file, paused, signal } = args;
  const chunks: (Chunk | undefined)[] = file.chunks.map((_, index) => args.stored?.[index]);
  let added = 0;
  const columns = chunkColumns(file, request.raw);
  const id = quoteName(idOf(file));
  await writeChunks(session, {
    chunks: file.chunks,
    rows: (index) =>
      // A column of the source may have the name of an alias, so every reference is qualified.
      `SELECT * REPLACE (${id}::UUID AS ${id}) FROM
        (SELECT ${columns} FROM ${cleanRelation(file, rangeOfChunk(file, index))} AS w ORDER BY w.o)`,
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
  if (all.length === chunks.length) return { status: 'complete', manifest: { ...planOf(file), chunks: all } };
  const fromCheckpoint = args.stored !== undefined;
  if (fromCheckpoint && added === 0) return { status: 'no_progress' };
  await untilAborted(signal, writeCheckpoint(request, file, chunks, fromCheckpoint));
  return { status: 'paused' };
}
