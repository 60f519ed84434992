import { z } from 'zod';

/** The methods of a pandas Series without arguments that a transform rule offers under the same names. */
export const seriesFunctions = [
  'abs',
  'round',
  'ceil',
  'floor',
  'lower',
  'upper',
  'title',
  'capitalize',
  'swapcase',
  'casefold',
  'strip',
  'lstrip',
  'rstrip',
  'len',
  'isna',
  'isnull',
  'notna',
  'notnull',
] as const;

export const filterRuleSchema = z
  .strictObject({
    type: z.literal('filter'),
    condition: z
      .string()
      .min(1)
      .describe('Rows for which this SQL expression is true stay, e.g. "status == \'active\'".'),
  })
  .describe('Keeps the rows that fulfil a condition.');

export const transformRuleSchema = z
  .strictObject({
    type: z.literal('transform'),
    column: z.string().min(1),
    function: z.enum(seriesFunctions).describe('A function of one column, by its pandas name.'),
  })
  .describe('Replaces a column by a function of it.');

export const enrichRuleSchema = z
  .strictObject({
    type: z.literal('enrich'),
    new_column: z.string().min(1),
    logic: z.string().min(1).describe('A SQL expression over the columns, e.g. "first_name + \' \' + last_name".'),
  })
  .describe('Adds a column, or replaces the one of that name.');

export const ruleSchema = z.discriminatedUnion('type', [filterRuleSchema, transformRuleSchema, enrichRuleSchema]);
export type Rule = z.infer<typeof ruleSchema>;
