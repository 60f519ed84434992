import { z } from 'zod';
import { budgetSchema } from './budget.ts';
import { loadModeSchema } from './load-mode.ts';
import { tableNameSchema } from './table-name.ts';

const indexSchema = z.union([
  z.array(z.string().min(1)).min(1).max(8),
  z.strictObject({
    columns: z.array(z.string().min(1)).min(1).max(8),
    unique: z.boolean().default(false).describe('No two rows may have the same values.'),
  }),
]);

/** How rows get into the target. */
export const loadShape = {
  target_table: tableNameSchema.describe('Table in the target; created when it does not exist.'),
  load_mode: loadModeSchema.default('insert'),
  key_columns: z.array(z.string().min(1)).default([]).describe('Columns that identify a row.'),
  latest_by: z
    .string()
    .min(1)
    .optional()
    .describe('Of two rows with the same key the one with the greater value here wins, whatever the order of arrival.'),
  max_shrink: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('replace is refused when the source has fewer rows than the table by more than this share.'),
  indexes: z
    .array(indexSchema)
    .default([])
    .describe(
      'Indexes besides the keys, e.g. [[status], {columns: [email], unique: true}]; built after the first load.',
    ),
  verify: z
    .enum(['off', 'count', 'full'])
    .default('off')
    .describe('After the load, compare what was read with what is in the table: by key, or value by value.'),
  budget: budgetSchema
    .optional()
    .describe('A run that would cost more is stopped before it writes a row. Default: no limit.'),
  batch_rows: z
    .int()
    .min(1)
    .max(2999)
    .default(2000)
    .describe('Rows of one transaction at most. DSQL allows 3,000; one is the ledger row.'),
};

const loadSettingsSchema = z.strictObject(loadShape);
export type LoadSettings = z.infer<typeof loadSettingsSchema>;
