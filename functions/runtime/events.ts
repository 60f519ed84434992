import { z } from 'zod';
import { runIdSchema, runSchema } from '../../lib/run/run.ts';
import { triggers } from '../../lib/run/run-demand.ts';

/** The events of the functions. References and small values only: Step Functions passes at most 256 KiB. */

/** The input of an execution, from the console, a schedule or an S3 event. */
export const inputSchema = z.strictObject({
  pipeline: z.string().min(1),
  /** Instead of the execution's name. */
  run_id: runIdSchema.optional(),
  /** Query parameters of an API pipeline, over those of the configuration. */
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  again: z.boolean().optional(),
  force: z.boolean().optional(),
  /** Wait for a run of the same pipeline that is under way, instead of skipping. */
  wait: z.boolean().optional(),
  /** A slice of an incremental source. */
  from: z.string().optional(),
  to: z.string().optional(),
  trigger: z.enum(triggers).exclude(['cli']).optional(),
  /** Names the event where it may come twice. */
  event_id: z.string().min(1).max(2000).optional(),
  /** Load this object instead of the configured files. */
  object: z.strictObject({ bucket: z.string().min(1), key: z.string().min(1) }).optional(),
  /** Load what landed in S3 and waits, in as many runs as that takes. */
  objects: z.literal('waiting').optional(),
  /** Let all objects wait whose keys begin with this, and load what waits. */
  prefix: z.string().min(1).max(1024).optional(),
});

export const executionSchema = z.object({
  /** ARN. */
  id: z.string(),
  name: z.string(),
  /** ISO 8601. */
  start_time: z.string(),
});

/** The fields of every stage's event. */
export const stageShape = { execution: executionSchema, input: inputSchema, run: runSchema };

export type Input = z.infer<typeof inputSchema>;
export type Execution = z.infer<typeof executionSchema>;
