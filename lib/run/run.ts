import { z } from 'zod';
import { validatorSchema } from '../manifest.ts';
import type { Fence } from '../state/fence.ts';
import type { RunContext } from './run-context.ts';
import { triggers } from './run-demand.ts';

/** Names the run's folder in the store. */
export const runIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, 'must be 1 to 80 letters, digits, - or _');

/** A validator, and what vouches that its response is in the table. */
export const keptValidatorSchema = validatorSchema.extend({
  /** Rows of the table that the response made or found there. */
  rows: z.int().min(0),
  /** When the run began that loaded them, ISO 8601, UTC. */
  since: z.string(),
});

/** A run that has begun; it goes from stage to stage as JSON. */
export const runSchema = z.strictObject({
  run_id: runIdSchema,
  trigger: z.enum(triggers),
  /** ISO 8601, UTC; of this attempt. */
  start_time: z.string(),
  /** Found unfinished, and going on. */
  resumed: z.boolean(),
  /** Rows of this source may be in the table already, from a run that is not this one. */
  repeated: z.boolean(),
  /** The epoch of the pipeline's lease under which it writes; 0 of a run that never had the lease. */
  epoch: z.int().min(0).default(0),
  force: z.boolean().optional(),
  /** The run whose rejected rows it runs again. */
  replay_of: z.string().optional(),
  /** How many objects it reads that landed in S3, instead of the configured files. */
  objects: z.int().min(1).optional(),
  /** Of a response that is all in the table: the API is asked whether it has changed. */
  validator: keptValidatorSchema.optional(),
  range: z.strictObject({ from: z.string().optional(), to: z.string().optional() }).optional(),
});

export type KeptValidator = z.infer<typeof keptValidatorSchema>;
export type Run = Readonly<z.infer<typeof runSchema>>;

/** What lets a run's transactions write. */
export function fenceOf({ pipeline }: Pick<RunContext, 'pipeline'>, { epoch }: Pick<Run, 'epoch'>): Fence {
  return { name: pipeline.name, epoch };
}
