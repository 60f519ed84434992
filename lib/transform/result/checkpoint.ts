import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { type Chunk, chunkSchema, cutVersion, manifestSchema } from '../../manifest.ts';
import type { ObjectStore } from '../../object-store.ts';
import type { TransformRequest } from '../request.ts';
import type { WorkingFile } from './working-file.ts';

/*
 * The working file and the plan in the store: a laptop loads from them, and a later call of a paused transform writes
 * the missing chunks from them:
 *
 *   <prefix>/decided/work.parquet         all rows, their state, and their values
 *   <prefix>/decided/dropped.parquet      rows that another one makes superfluous, where there are any
 *   <prefix>/decided/rows.json            everything else; written last, so the others are whole when it is there
 */

const workingColumnSchema = z.strictObject({ id: z.string().regex(/^\w+$/), name: z.string(), duckType: z.string() });

const checkpointSchema = z.strictObject({
  version: z.literal(cutVersion),
  /** Of the source that was cleaned. */
  source_fingerprint: z.string(),
  ...manifestSchema.omit({ chunks: true }).shape,
  working: z.array(workingColumnSchema),
  keys: z.array(workingColumnSchema),
  group_rows: z.int().min(1).default(30_720),
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

/** What an earlier call has left in the store. */
export interface Checkpoint {
  readonly file: WorkingFile;
  /** Chunks that are in the store, by number. */
  readonly stored: readonly (Chunk | undefined)[];
  /** Local files that writing the chunks reads. */
  readonly localFiles: readonly string[];
}

type CheckpointRequest = Pick<TransformRequest, 'prefix' | 'raw' | 'store'>;

function keysOf({ prefix }: CheckpointRequest): Readonly<Record<'rows' | 'work' | 'dropped', string>> {
  const key = (name: string): string => `${prefix}/decided/${name}`;
  return { rows: key('rows.json'), work: key('work.parquet'), dropped: key('dropped.parquet') };
}

/** Bytes that a checkpoint brings into the store, about. */
export async function checkpointBytes({ workingPath }: WorkingFile): Promise<number> {
  return (await stat(workingPath)).size;
}

/**
 * Writes the checkpoint. The working file may be gone from where it was afterwards.
 *
 * @param stored      chunks that are in the store, by number
 * @param chunksOnly  the working file is in the store already, only chunks have been added
 * Killed midway: the earlier checkpoint is valid, or there is none, and then the next call cleans the source anew.
 */
export async function writeCheckpoint(
  request: CheckpointRequest,
  file: WorkingFile,
  stored: readonly (Chunk | undefined)[],
  chunksOnly: boolean,
): Promise<void> {
  const { raw, store } = request;
  const { chunks, droppedPath, keys: keyColumns, working, workingPath, ...plan } = file;
  const keys = keysOf(request);
  if (!chunksOnly) {
    if (droppedPath !== undefined) await store.putFile(keys.dropped, droppedPath);
    await store.putFile(keys.work, workingPath);
  }
  const checkpoint: z.infer<typeof checkpointSchema> = {
    version: cutVersion,
    source_fingerprint: raw.source_fingerprint,
    ...plan,
    columns: [...plan.columns],
    working: [...working],
    keys: [...keyColumns],
    dropped: droppedPath !== undefined,
    chunks: chunks.map((chunk, index) => ({ ...chunk, bytes: stored[index]?.bytes ?? null })),
  };
  await store.put(keys.rows, JSON.stringify(checkpoint));
}

/** The working file as it is in the store, in which `writeCheckpoint` has put it. */
export async function storedFile(request: CheckpointRequest, file: WorkingFile): Promise<WorkingFile> {
  const keys = keysOf(request);
  return {
    ...file,
    workingPath: await request.store.localPath(keys.work),
    droppedPath: file.droppedPath === undefined ? undefined : await request.store.localPath(keys.dropped),
  };
}

/**
 * Brings the checkpoint of an earlier call onto the local disk; undefined when there is none, or when it belongs to
 * another source or was written by another release: then the source is cleaned anew.
 */
export async function readCheckpoint(request: CheckpointRequest): Promise<Checkpoint | undefined> {
  const { raw, store } = request;
  const keys = keysOf(request);
  const bytes = await store.get(keys.rows);
  if (bytes === undefined) return undefined;
  const read = checkpointSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!read.success || read.data.source_fingerprint !== raw.source_fingerprint) return undefined;
  const { chunks, dropped, source_fingerprint: _, version: __, ...rest } = read.data;
  const workingPath = await pathOf(store, keys.work);
  const droppedPath = dropped ? await pathOf(store, keys.dropped) : undefined;
  if (workingPath === undefined || (dropped && droppedPath === undefined)) return undefined;
  return {
    file: {
      ...rest,
      chunks: chunks.map(({ first, location, rows }) => ({ location, rows, first })),
      workingPath,
      droppedPath,
    },
    stored: chunks.map(({ bytes: size, location, rows }) =>
      size === null ? undefined : { location, rows, bytes: size },
    ),
    localFiles: droppedPath === undefined ? [workingPath] : [workingPath, droppedPath],
  };
}

/** An object's path on the local disk; undefined where a folder has lost it, as it may when the power fails. */
async function pathOf(store: Pick<ObjectStore, 'localPath'>, key: string): Promise<string | undefined> {
  try {
    return await store.localPath(key);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
