import { z } from 'zod';

/** What is done with objects and lists inside the records of JSON, Parquet and APIs. */

export const flattenSchema = z
  .int()
  .min(1)
  .max(16)
  .describe(
    'Members of objects become columns of their own, e.g. customer.name, down to so many levels. Default: objects are jsonb.',
  );

const pathSchema = z
  .string()
  .regex(
    /^[^.]+(\.[^.]+)*$/,
    'must be the name of a column, or names with dots between them, e.g. "lines" or "order.lines"',
  );

const explodeOptionsSchema = z.strictObject({
  path: pathSchema.describe('Where the list is in a record, e.g. "lines" or "order.lines".'),
  on_empty: z
    .enum(['keep', 'filter'])
    .default('keep')
    .describe(
      'What becomes of a record whose list is empty or missing. keep: one row without an element. filter: none.',
    ),
});

export const explodeSchema = z
  .union([pathSchema, explodeOptionsSchema])
  .describe('A list of which each element becomes a row, beside the other columns of its record.');

export type ExplodeSettings = z.infer<typeof explodeOptionsSchema>;

/** The setting with all that it leaves out. */
export function explodeSettings(setting: z.infer<typeof explodeSchema>): ExplodeSettings {
  return typeof setting === 'string' ? { path: setting, on_empty: 'keep' } : setting;
}
