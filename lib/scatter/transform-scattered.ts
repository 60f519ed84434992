import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cutVersion, type Manifest, manifestSchema } from '../manifest.ts';
import type { TransformRequest } from '../transform/request.ts';
import { requireSpaceInPieces } from '../transform/require-space.ts';
import { artefact, scatterJob } from './job.ts';
import type { ScatterSizes } from './pieces.ts';
import type { SliceToSurvey } from './settle-starts.ts';
import { type ScatterSteps, scatterSteps } from './steps.ts';

/**
 * Does in pieces what `transformToChunks` does in one go, with the same rows, ids, counts and rejected rows: split, survey,
 * plan, clean, gather. Each step needs the memory and the disk of its piece alone; here they run one after another.
 *
 * Killed midway: steps that have ended are not done again.
 * @throws as `transformToChunks`; `DiskTooSmallError` before anything is read
 */
export async function transformScattered(request: TransformRequest, sizes: ScatterSizes): Promise<Manifest> {
  // The table that a run makes changes what its next attempt would do; so what it had decided lies where any attempt finds it.
  const key = `${request.prefix}/scatter/manifest-${cutVersion}.json`;
  return await artefact({ request }, key, manifestSchema, async () => {
    await request.beforeCleaning?.();
    const job = await scatterJob(request, sizes);
    await requireSpaceInPieces({
      parts: request.raw.parts,
      store: request.store,
      scratchDir: request.scratchDir,
      partBytes: sizes.partBytes,
      present: await bytesBelow(request.store.localFolder(job.prefix)),
    });
    const steps = scatterSteps(job);
    const { slices } = await steps.split();
    const buckets = await surveyAll(steps, slices);
    for (let slice = 0; slice < slices; slice += 1) await steps.clean(slice);
    await request.checkParts?.();
    for (let bucket = 0; bucket < buckets; bucket += 1) await steps.gather(bucket);
    const manifest = await steps.join();
    // The chunks hold all that is needed of them.
    await request.store.removeAll(`${job.prefix}/rows`);
    return manifest;
  });
}

/** Bytes of the files below a folder; none where there is no folder. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Surveys all slices, and those again that were not read from where the records before them end. @returns the number of buckets */
async function surveyAll(steps: ScatterSteps, slices: number): Promise<number> {
  let open: readonly SliceToSurvey[] = Array.from({ length: slices }, (_, slice) => ({ slice }));
  for (;;) {
    for (const slice of open) await steps.survey(slice);
    const planned = await steps.plan();
    if ('buckets' in planned) return planned.buckets;
    open = planned.again;
  }
}
