import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import { cutVersion } from '../manifest.ts';
import { transformFailure } from '../transform/errors.ts';
import type { LookupInput, TransformRequest } from '../transform/request.ts';
import type { ScatterSizes } from './pieces.ts';

/** A source that is cleaned in pieces, each by a step that may run anywhere. */
export interface ScatterJob {
  readonly request: TransformRequest;
  readonly sizes: ScatterSizes;
  /** What lookup rules look up, read once: a table that is written meanwhile would give pieces different values. */
  readonly lookups: readonly LookupInput[];
  /** Under which the steps leave their artefacts: of the run and of what it does with its source. */
  readonly prefix: string;
}

/**
 * The job of a request. Artefacts of another source, configuration, table, release, key of a mask or content that is looked
 * up lie elsewhere and are not seen.
 */
export async function scatterJob(request: TransformRequest, sizes: ScatterSizes): Promise<ScatterJob> {
  const lookups = (await request.readLookups?.()) ?? [];
  const hash = createHash('sha256').update(knownOf(request, sizes));
  for (const { parts } of lookups) {
    for (const { path } of parts) for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  }
  return { request, sizes, lookups, prefix: `${request.prefix}/scatter/${hash.digest('hex').slice(0, 16)}` };
}

/** What a job depends on besides the content that is looked up. */
export function knownOf(request: TransformRequest, sizes: ScatterSizes): string {
  const { chunkRows, maskKeys = new Map(), raw, settings, targetColumns } = request;
  return JSON.stringify([cutVersion, sizes, settings, targetColumns ?? null, chunkRows ?? null, raw, [...maskKeys]]);
}

/** The key of an artefact by the step's name and its number. */
export function artefactKey({ prefix }: Pick<ScatterJob, 'prefix'>, name: string, number: number, end: string): string {
  return `${prefix}/${name}-${String(number).padStart(5, '0')}${end}`;
}

/**
 * What a step has left, or what it leaves now.
 *
 * Killed midway: the artefact is not there, and the step is done again, with the same result.
 */
export async function artefact<T extends z.ZodType>(
  { request }: Pick<ScatterJob, 'request'>,
  key: string,
  schema: T,
  make: () => Promise<z.infer<T>>,
): Promise<z.infer<T>> {
  const bytes = await request.store.get(key);
  if (bytes !== undefined) return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const made = schema.parse(await make());
  await request.store.put(key, JSON.stringify(made));
  return made;
}

/** What an earlier step has left, by the schema that it was written with. */
export async function leftBy<T extends z.ZodType>(
  job: Pick<ScatterJob, 'request'>,
  key: string,
  schema: T,
): Promise<z.infer<T>> {
  return schema.parse(JSON.parse(new TextDecoder().decode(await stored(job, key))));
}

/** The bytes of an object that an earlier step has left. */
export async function stored({ request }: Pick<ScatterJob, 'request'>, key: string): Promise<Uint8Array> {
  const bytes = await request.store.get(key);
  if (bytes === undefined) throw new Error(`There is no ${key}: the step that leaves it has not ended.`);
  return bytes;
}

/** Does a step in a folder and a DuckDB of its own, which may read these files and folders besides. */
export async function inSession<T>(
  { request }: ScatterJob,
  sees: { readonly files: readonly string[]; readonly folders?: readonly string[] },
  work: (session: DuckDbSession, scratch: string) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(request.scratchDir, 'scatter-'));
  let session: DuckDbSession | undefined;
  try {
    session = await openDuckDb({
      allowedDirs: [scratch, ...(sees.folders ?? [])],
      allowedFiles: sees.files,
      tempDir: scratch,
      memoryLimitMb: request.memoryLimitMb,
      threads: request.threads,
      signal: request.signal,
    });
    return await work(session, scratch);
  } catch (error) {
    throw transformFailure(request.signal, error);
  } finally {
    session?.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
