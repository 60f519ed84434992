import type { Manifest } from '../manifest.ts';
import { type CleanedSlice, cleanSlice } from './clean-slice.ts';
import { type GatheredBucket, gatherBucket } from './gather-bucket.ts';
import type { ScatterJob } from './job.ts';
import { joinBuckets } from './join-buckets.ts';
import { planSource, type ScatterPlan } from './plan-source.ts';
import { type SliceToSurvey, settledSurveys } from './settle-starts.ts';
import { type Split, splitSource } from './split.ts';
import { surveySlice } from './survey-slice.ts';

/**
 * The steps of a job, in their order. Each takes and gives numbers; what one hands to the next lies in the store, so that
 * each may run in a process of its own, `survey`, `clean` and `gather` many at once. Each may be repeated.
 */
export interface ScatterSteps {
  readonly split: () => Promise<{ readonly slices: number }>;
  readonly survey: (slice: SliceToSurvey) => Promise<void>;
  /** Slices that have to be surveyed once more, from another byte, before it is called again; or the number of buckets. */
  readonly plan: () => Promise<{ readonly again: readonly SliceToSurvey[] } | { readonly buckets: number }>;
  readonly clean: (slice: number) => Promise<void>;
  readonly gather: (bucket: number) => Promise<void>;
  readonly join: () => Promise<Manifest>;
}

/** The steps by which a job is done, here or elsewhere. */
export function scatterSteps(job: ScatterJob): ScatterSteps {
  const split = async (): Promise<Split> => await splitSource(job);
  const plan = async (of: Split): Promise<ScatterPlan> =>
    await planSource(job, of, async () => (await settledSurveys(job, of)).surveys);
  const cleaned = async (of: Split, planned: ScatterPlan): Promise<CleanedSlice[]> => {
    const all: CleanedSlice[] = [];
    for (const slice of of.slices.keys()) all.push(await cleanSlice(job, of, planned, slice));
    return all;
  };
  return {
    split: async () => ({ slices: (await split()).slices.length }),
    survey: async ({ slice, start }) => {
      await surveySlice(job, await split(), slice, start);
    },
    plan: async () => {
      const of = await split();
      const { again } = await settledSurveys(job, of);
      return again.length > 0 ? { again } : { buckets: (await plan(of)).buckets };
    },
    clean: async (slice) => {
      const of = await split();
      await cleanSlice(job, of, await plan(of), slice);
    },
    gather: async (bucket) => {
      const of = await split();
      const planned = await plan(of);
      await gatherBucket(job, planned, await cleaned(of, planned), bucket);
    },
    join: async () => {
      const of = await split();
      const planned = await plan(of);
      const all = await cleaned(of, planned);
      const buckets: GatheredBucket[] = [];
      for (let bucket = 0; bucket < planned.buckets; bucket += 1) {
        buckets.push(await gatherBucket(job, planned, all, bucket));
      }
      return await joinBuckets(job, planned, all, buckets);
    },
  };
}
