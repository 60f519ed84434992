import { z } from 'zod';

/** Where a run ran in AWS. */
export const executionPlaceSchema = z.object({
  /** Of the execution of the state machine. */
  arn: z.string(),
  /** Those in which its functions write. */
  log_groups: z.array(z.string()).default([]),
});

export type ExecutionPlace = z.infer<typeof executionPlaceSchema>;
