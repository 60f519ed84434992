import type { Manifest } from '../manifest.ts';
import { asksForShape } from '../transform/shape/shape-rows.ts';
import { cleanSlice } from './clean-slice.ts';
import { gatherBucket } from './gather-bucket.ts';
import type { ScatterJob } from './job.ts';
import { joinBuckets } from './join-buckets.ts';
import { findPlan, planSource, type ScatterPlan } from './plan-source.ts';
import { settleShapes, shapedPlan } from './settle-shapes.ts';
import { type SliceToSurvey, settleSurveys } from './settle-starts.ts';
import { splitSource } from './split.ts';
import { surveyShape } from './survey-shape.ts';
import { surveySlice } from './survey-slice.ts';

/**
 * The steps of a job, in their order. Each takes and gives numbers; what one hands to the next lies in the store, so that
 * each may run in a process of its own, `survey`, `clean` and `gather` many at once. Each may be repeated. `plan` and
 * `join` alone read something of every slice; of rows they read none.
 */
export interface ScatterSteps {
  readonly split: () => Promise<{ readonly slices: number }>;
  readonly survey: (slice: SliceToSurvey) => Promise<void>;
  /** Slices that have to be surveyed once more, from another byte or for their shape, before it is called again; or the number of buckets. */
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
      const records = asksForShape(job.request.settings) ? await findPlan(job, 'records') : undefined;
      if (records === undefined) await surveySlice(job, slice, start);
      else await surveyShape(job, records, slice);
    },
    plan: async () => {
      const known = await findPlan(job);
      if (known !== undefined) return { buckets: known.buckets };
      const settled = await settleSurveys(job);
      if ('again' in settled) return settled;
      const shaped = await settleShapes(job, settled.surveys);
      if (shaped === undefined) return { buckets: (await planSource(job, settled.surveys)).buckets };
      if ('again' in shaped) return shaped;
      const { shapes } = shaped;
      const shape = {
        plan: async (records: ScatterPlan) => await shapedPlan(job, records, shapes),
        rowsBefore: shapes.rowsBefore,
      };
      return { buckets: (await planSource(job, settled.surveys, shape)).buckets };
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
