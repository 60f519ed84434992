import { z } from 'zod';

/** A job that the API was asked for. Part of a position, so that a later call asks about the same job. */
export const jobStateSchema = z.strictObject({
  /** When it was started, ISO 8601. */
  started: z.string(),
  /** What placeholders name of the first response, as JSON. */
  fields: z.record(z.string(), z.string()),
  /** Where its status is told. */
  status_url: z.string(),
  /** Where its result is, once its first page has been read. */
  result_url: z.string().optional(),
});

export type JobState = z.infer<typeof jobStateSchema>;
