import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { type DuckDbSession, openDuckDb } from '../duckdb/open-duckdb.ts';
import { cutVersion } from '../manifest.ts';
import { transformFailure } from '../transform/errors.ts';
import type { LookupInput, TransformRequest } from '../transform/request.ts';

/** How large pieces are. */
export interface ScatterSizes {
  /** Bytes of the source that one survey or clean reads, about. */
  readonly partBytes: number;
  /** Bytes of the source whose rows one gather decides about, about. */
  readonly bucketBytes: number;
}

/** A source that is cleaned in pieces, each by a step that may run anywhere. */
export interface ScatterJob {
  readonly request: TransformRequest;
  readonly sizes: ScatterSizes;
  /** Under which the steps leave their artefacts: of the run and of what it does with its source. */
  readonly prefix: string;
}

/** The job of a request. Artefacts of another source, configuration, table or release lie elsewhere and are not seen. */
export function scatterJob(request: TransformRequest, sizes: ScatterSizes): ScatterJob {
  const { chunkRows, raw, settings, targetColumns } = request;
  const plan = [cutVersion, sizes, settings, targetColumns ?? null, chunkRows ?? null, raw];
  const fingerprint = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
  return { request, sizes, prefix: `${request.prefix}/scatter/${fingerprint}` };
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
  { request }: ScatterJob,
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

/** What lookup rules look up; nothing where there are none. */
export async function lookupsOf({ request }: ScatterJob): Promise<readonly LookupInput[]> {
  return (await request.readLookups?.()) ?? [];
}
