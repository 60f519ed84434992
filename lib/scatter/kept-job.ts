import { createHash } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { rawManifestSchema } from '../manifest.ts';
import type { LookupInput, TransformRequest } from '../transform/request.ts';
import { PiecesChangedError } from './errors.ts';
import { knownOf, type ScatterJob } from './job.ts';

const targetColumnSchema = z.strictObject({
  name: z.string(),
  type: z.string(),
  nullable: z.boolean(),
  hasDefault: z.boolean().optional(),
  isId: z.boolean().optional(),
});

const keptJobSchema = z.strictObject({
  sizes: z.strictObject({ partBytes: z.int(), bucketBytes: z.int() }),
  targetColumns: z.array(targetColumnSchema).optional(),
  /** Their parts are in the store. */
  lookups: z.array(
    z.strictObject({ number: z.int(), raw: rawManifestSchema, types: z.record(z.string(), z.string()) }),
  ),
  /** SHA-256, hex, of what the job depends on besides the lookups. */
  known: z.string(),
});

/** What the function that begins a job knows, and the others take from the job it kept. */
export type RequestOfKeptJob = Omit<TransformRequest, 'targetColumns'>;

/**
 * Keeps a job in the store, with the content that it looks up and the columns of its table, so that steps in other
 * processes have the same: a table that is read once more may have changed.
 *
 * Killed midway: the job is not there. Jobs of other content have other names, so whoever was thought dead and goes on
 * changes nothing for the others.
 *
 * @returns its name, for `openKeptJob`
 */
export async function keepJob({ lookups, prefix, request, sizes }: ScatterJob): Promise<string> {
  const { store, targetColumns } = request;
  const kept: LookupInput[] = [];
  for (const lookup of lookups) {
    const parts: LookupInput['parts'][number][] = [];
    for (const [at, part] of lookup.parts.entries()) {
      const location = `${prefix}/lookups/${lookup.number}-${String(at).padStart(5, '0')}.${part.format}`;
      const copy = await store.scratchPath(location);
      await copyFile(part.path, copy);
      await store.putFile(location, copy);
      parts.push({ ...part, location, local: false });
    }
    kept.push({ ...lookup, parts });
  }
  const made: z.infer<typeof keptJobSchema> = {
    sizes,
    targetColumns: targetColumns?.map((column) => ({ ...column })),
    lookups: kept.map(({ number, parts, raw, types }) => ({
      number,
      raw: { ...raw, parts: parts.map(({ object: _, path: __, slice: ___, ...part }) => part) },
      types: { ...types },
    })),
    known: fingerprintOf({ request, sizes }),
  };
  await store.put(jobKey(prefix), JSON.stringify(made));
  return basename(prefix);
}

/**
 * A job that was kept, as another process sees it.
 *
 * @param looksUp  whether its step needs the content of lookups, which is fetched then
 * @returns undefined where there is no such job
 * @throws {PiecesChangedError} terminal: a setting, e.g. the key of a mask, is another one now
 */
export async function openKeptJob(
  request: RequestOfKeptJob,
  name: string,
  looksUp: boolean,
): Promise<ScatterJob | undefined> {
  const prefix = `${request.prefix}/scatter/${name}`;
  const bytes = await request.store.get(jobKey(prefix));
  if (bytes === undefined) return undefined;
  const kept = keptJobSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const { sizes, targetColumns } = kept;
  const job = { request: { ...request, targetColumns }, sizes, prefix };
  if (fingerprintOf(job) !== kept.known) throw new PiecesChangedError(request.settings.name);
  const lookups: LookupInput[] = [];
  for (const { number, raw, types } of looksUp ? kept.lookups : []) {
    const parts: LookupInput['parts'][number][] = [];
    for (const part of raw.parts) parts.push({ ...part, path: await request.store.localPath(part.location) });
    lookups.push({ number, raw, parts, types });
  }
  return { ...job, lookups };
}

function jobKey(prefix: string): string {
  return `${prefix}/job.json`;
}

function fingerprintOf({ request, sizes }: Pick<ScatterJob, 'request' | 'sizes'>): string {
  return createHash('sha256').update(knownOf(request, sizes)).digest('hex');
}
