import { z } from 'zod';

/** What one run may cost at most; a run that would cost more is stopped before it writes a row. */
export const budgetSchema = z
  .strictObject({
    rows: z.int().min(1).optional().describe('Rows to write at most.'),
    dpu: z.number().positive().optional().describe('DPU of Aurora DSQL at most, as etl estimate gives them.'),
    usd: z
      .number()
      .positive()
      .optional()
      .describe('US dollars for Aurora DSQL, Lambda and Step Functions at most, at list prices.'),
  })
  .refine((budget) => Object.values(budget).some((limit) => limit !== undefined), 'needs rows, dpu or usd');

export type Budget = z.infer<typeof budgetSchema>;
