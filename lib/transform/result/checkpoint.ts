import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { type Chunk, chunkSchema, cutVersion, manifestSchema } from '../../manifest.ts';
import type { ObjectStore } from '../../object-store.ts';
import type { TransformRequest } from '../request.ts';
import type { WorkingFile } from './working-file.ts';

/*
 * What was decided about every row, kept in the store: a laptop loads from it, and a later call of a paused transform
 * writes the missing chunks from it:
 *
 *   <prefix>/decided/work.parquet         all rows, their state, and their values
 *   <prefix>/decided/dropped.parquet      rows that another one makes superfluous, where there are any
 *   <prefix>/decided/rows.json            everything else; written last, so the others are whole when it is there
 */

const workingColumnSchema = z.strictObject({ id: z.string().regex(/^\w+$/), name: z.string(), duckType: z.string() });

const checkpointSchema = z.strictObject({
  version: z.literal(cutVersion),
  /** Of the source that was decided about. */
  source_fingerprint: z.string(),
  ...manifestSchema.pick({ columns: true, rejected: true, counts: true }).shape,
  working: z.array(workingColumnSchema),
  keys: z.array(workingColumnSchema),
  dropped: z.boolean(),
  chunks: z.array(
    z.strictObject({
      ...chunkSchema.pick({ location: true, rows: true }).shape,
      first: z.int(),
      /** Of the file in the store; null where there is none yet. */
      bytes: z.int().min(0).nullable(),
    }),
  ),
});

/** Decided rows that an earlier call has kept, with the chunks it had written. */
export interface Checkpoint {
  readonly decided: WorkingFile;
  readonly written: readonly (Chunk | undefined)[];
  /** Local files that writing the chunks reads. */
  readonly files: readonly string[];
}

type KeepRequest = Pick<TransformRequest, 'prefix' | 'raw' | 'store'>;

/** Where the parts of a kept decision lie. */
function keysOf({ prefix }: KeepRequest): Readonly<Record<'rows' | 'work' | 'dropped', string>> {
  const key = (name: string): string => `${prefix}/decided/${name}`;
  return { rows: key('rows.json'), work: key('work.parquet'), dropped: key('dropped.parquet') };
}

/** Bytes that keeping the decision has to bring into the store, about. */
export async function checkpointBytes({ workingPath }: WorkingFile): Promise<number> {
  return (await stat(workingPath)).size;
}

/**
 * Keeps what was decided, and which chunks are written. The working file may be gone from the local disk afterwards.
 *
 * @param written  by number of the chunk
 * @param again    the decision itself is kept already, only chunks have been added
 * Killed midway: what was kept before counts, or nothing, and then the next call decides anew.
 */
export async function writeCheckpoint(
  request: KeepRequest,
  decided: WorkingFile,
  written: readonly (Chunk | undefined)[],
  again: boolean,
): Promise<void> {
  const { raw, store } = request;
  const keys = keysOf(request);
  if (!again) {
    if (decided.droppedPath !== undefined) await store.putFile(keys.dropped, decided.droppedPath);
    await store.putFile(keys.work, decided.workingPath);
  }
  const { chunks, columns, counts, keys: keyColumns, rejected, droppedPath, working } = decided;
  const kept: z.infer<typeof checkpointSchema> = {
    version: cutVersion,
    source_fingerprint: raw.source_fingerprint,
    columns: [...columns],
    rejected,
    counts,
    working: [...working],
    keys: [...keyColumns],
    dropped: droppedPath !== undefined,
    chunks: chunks.map((chunk, index) => ({ ...chunk, bytes: written[index]?.bytes ?? null })),
  };
  await store.put(keys.rows, JSON.stringify(kept));
}

/**
 * Takes what an earlier call has kept onto the local disk; undefined when there is nothing, or what there is belongs to
 * another source or was written by another release: then the rows are decided anew.
 */
export async function readCheckpoint(request: KeepRequest): Promise<Checkpoint | undefined> {
  const { raw, store } = request;
  const keys = keysOf(request);
  const bytes = await store.get(keys.rows);
  if (bytes === undefined) return undefined;
  const kept = checkpointSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!kept.success || kept.data.source_fingerprint !== raw.source_fingerprint) return undefined;
  const { chunks, dropped, source_fingerprint: _, version: __, ...rest } = kept.data;
  const workingPath = await whereItLies(store, keys.work);
  const droppedPath = dropped ? await whereItLies(store, keys.dropped) : undefined;
  if (workingPath === undefined || (dropped && droppedPath === undefined)) return undefined;
  return {
    decided: {
      ...rest,
      chunks: chunks.map(({ first, location, rows }) => ({ location, rows, first })),
      workingPath,
      droppedPath,
    },
    written: chunks.map(({ bytes: size, location, rows }) =>
      size === null ? undefined : { location, rows, bytes: size },
    ),
    files: droppedPath === undefined ? [workingPath] : [workingPath, droppedPath],
  };
}

/** An object's path on the local disk; undefined where a folder has lost it, as it may when the power fails. */
async function whereItLies(store: Pick<ObjectStore, 'localPath'>, key: string): Promise<string | undefined> {
  try {
    return await store.localPath(key);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
