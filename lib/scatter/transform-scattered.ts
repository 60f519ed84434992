import { cutVersion, type Manifest, manifestSchema } from '../manifest.ts';
import type { TransformRequest } from '../transform/request.ts';
import { type CleanedSlice, cleanSlice } from './clean-slice.ts';
import { type GatheredBucket, gatherBucket } from './gather-bucket.ts';
import { artefact, type ScatterJob, type ScatterSizes, scatterJob } from './job.ts';
import { joinBuckets } from './join-buckets.ts';
import { planSource } from './plan-source.ts';
import { wrongStarts } from './settle-starts.ts';
import { type Split, splitSource } from './split.ts';
import { type SliceSurvey, surveySlice } from './survey-slice.ts';

/**
 * Does in pieces what `transformToChunks` does in one go, with the same rows, ids, counts and rejected rows: split, survey,
 * plan, clean, gather. Each step needs the memory and the disk of its piece alone; here they run one after another.
 *
 * Killed midway: steps that have ended are not done again.
 * @throws as `transformToChunks`
 */
export async function transformScattered(request: TransformRequest, sizes: ScatterSizes): Promise<Manifest> {
  const job = scatterJob(request, sizes);
  // The table that a run makes changes what its next attempt would do; so what it had decided lies where any attempt finds it.
  const key = `${request.prefix}/scatter/manifest-${cutVersion}.json`;
  const manifest = await artefact(job, key, manifestSchema, async () => {
    await request.beforeCleaning?.();
    const split = await splitSource(job);
    const plan = await planSource(job, split, await surveyAll(job, split));
    const cleaned: CleanedSlice[] = [];
    for (const slice of split.slices.keys()) cleaned.push(await cleanSlice(job, split, plan, slice));
    await request.checkParts?.();
    const gathered: GatheredBucket[] = [];
    for (let bucket = 0; bucket < plan.buckets; bucket += 1) {
      gathered.push(await gatherBucket(job, plan, cleaned, bucket));
    }
    return await joinBuckets(job, plan, cleaned, gathered);
  });
  // The chunks hold all that is needed of them.
  await request.store.removeAll(`${job.prefix}/rows`);
  return manifest;
}

/** Surveys all slices, and those again that were not read from where the records before them end. */
async function surveyAll(job: ScatterJob, split: Split): Promise<readonly SliceSurvey[]> {
  const surveys: SliceSurvey[] = [];
  for (const slice of split.slices.keys()) surveys.push(await surveySlice(job, split, slice));
  for (;;) {
    const wrong = wrongStarts(split, surveys);
    if (wrong.length === 0) return surveys;
    for (const { number, start } of wrong) surveys[number] = await surveySlice(job, split, number, start);
  }
}

const mb = 1024 * 1024;
/** Of the source; less is read once and spilled by DuckDB itself. */
const defaultAboveMb = 8_192;
const defaultPartMb = 128;
/** Slices of which the rows of one bucket are, about. */
const partsOfBucket = 4;

/** Cleans a source in pieces where it is larger than its configuration has done in one go; undefined where it is not. */
export async function transformInPieces(request: TransformRequest): Promise<Manifest | undefined> {
  const { scatter_above_mb: above = defaultAboveMb, scatter_part_mb: part = defaultPartMb } = request.settings;
  const bytes = request.raw.parts.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes <= above * mb || !canScatter(request)) return undefined;
  const partBytes = Math.max(1, Math.ceil(part * mb));
  return await transformScattered(request, { partBytes, bucketBytes: partBytes * partsOfBucket });
}

/** Whether a source can be cleaned in pieces. What depends on nested values of all rows, and a mere look, go the other way. */
function canScatter({ explain, firstRows, raw, settings }: TransformRequest): boolean {
  const isWhole = firstRows === undefined && explain !== true;
  return isWhole && settings.explode === undefined && settings.flatten === undefined && raw.parts.length > 0;
}
