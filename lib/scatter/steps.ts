import type { Manifest } from '../manifest.ts';
import { cleanSlice } from './clean-slice.ts';
import { gatherBucket } from './gather-bucket.ts';
import type { ScatterJob } from './job.ts';
import { joinBuckets } from './join-buckets.ts';
import { findPlan, planSource } from './plan-source.ts';
import { type SliceToSurvey, settleSurveys } from './settle-starts.ts';
import { splitSource } from './split.ts';
import { surveySlice } from './survey-slice.ts';

/**
 * The steps of a job, in their order. Each takes and gives numbers; what one hands to the next lies in the store, so that
 * each may run in a process of its own, `survey`, `clean` and `gather` many at once. Each may be repeated. `plan` and
 * `join` alone read something of every slice; of rows they read none.
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
  return {
    split: async () => ({ slices: (await splitSource(job)).slices }),
    survey: async ({ slice, start }) => {
      await surveySlice(job, slice, start);
    },
    plan: async () => {
      const known = await findPlan(job);
      if (known !== undefined) return { buckets: known.buckets };
      const settled = await settleSurveys(job);
      if ('again' in settled) return settled;
      return { buckets: (await planSource(job, settled.surveys)).buckets };
    },
    clean: async (slice) => {
      await cleanSlice(job, slice);
    },
    gather: async (bucket) => {
      await gatherBucket(job, bucket);
    },
    join: async () => await joinBuckets(job),
  };
}
