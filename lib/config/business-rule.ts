import { z } from 'zod';
import { dateFormatSchema } from './date-format.ts';
import { declaredTypeSchema } from './declared-column.ts';
import { secretReferenceSchema } from './secret.ts';
import { fileSettingsShape } from './source-file.ts';
import { tableNameSchema } from './table-name.ts';

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

export const expectRuleSchema = z
  .strictObject({
    type: z.literal('expect'),
    condition: z
      .string()
      .min(1)
      .describe('What has to be true of every row, e.g. "amount >= 0". Where it is NULL, it is not true.'),
    name: z.string().min(1).optional().describe('What reasons and counts call it. Default: the condition.'),
    on_failure: z
      .enum(['reject', 'fail'])
      .default('reject')
      .describe('reject: a row of which it is not true is kept aside. fail: one such row fails the run.'),
  })
  .describe('Rejects the rows that do not meet a condition, or fails the run.');

/** The ways of masking. */
export const maskMethods = ['hash', 'redact', 'last4'] as const;

export const maskRuleSchema = z
  .strictObject({
    type: z.literal('mask'),
    column: z.string().min(1),
    method: z
      .enum(maskMethods)
      .describe(
        'hash: HMAC-SHA-256 with the key, or plain SHA-256 without one. redact: [redacted]. last4: **** and the last four characters of eight or more.',
      ),
    key: secretReferenceSchema
      .optional()
      .describe('Key of hash. Without it whoever guesses a value can tell that it is the one.'),
  })
  .refine(({ key, method }) => key === undefined || method === 'hash', {
    path: ['key'],
    error: 'is for method hash only',
  })
  .describe('Hides the values of a column, in the table and in rejected rows.');

export const castRuleSchema = z
  .strictObject({
    type: z.literal('cast'),
    column: z.string().min(1),
    to: declaredTypeSchema.describe('The type of the values behind this rule.'),
    date_format: dateFormatSchema.optional().describe('strptime format of dates and timestamps, e.g. "%d/%m/%Y".'),
    on_failure: z
      .enum(['reject', 'null', 'fail'])
      .nullable()
      .default('reject')
      .describe('What becomes of a row whose value does not fit: it is rejected, has no value here, or fails the run.'),
  })
  .describe('Gives a column another type, by the same forms as a declared one.');

/** How a file is read, as of a source. */
const { format, compression, encoding, csv, records_path, max_bytes } = fileSettingsShape;
const lookupFileShape = { format, compression, encoding, csv, records_path, max_bytes };

const lookupFileSchema = z.strictObject({
  file: z.string().min(1).describe('Path, glob or s3:// path, as file_path of a source.'),
  ...lookupFileShape,
});

const lookupTableSchema = z.strictObject({
  table: tableNameSchema.describe('A table of the target, e.g. "countries" or "shop.countries".'),
});

export const lookupRuleSchema = z
  .strictObject({
    type: z.literal('lookup'),
    from: z
      .union([lookupFileSchema, lookupTableSchema])
      .describe('Where the rows are that are looked up; read once a run.'),
    on: z
      .record(z.string().min(1), z.string().min(1))
      .refine((on) => Object.keys(on).length > 0, 'needs a column, e.g. {country_code: code}')
      .describe('Columns that have to be equal: those of the rows, and those there, e.g. {country_code: code}.'),
    take: z
      .union([z.array(z.string().min(1)).min(1), z.record(z.string().min(1), z.string().min(1))])
      .describe('Columns to take from there: [name, region], or under new names, {country: name}.'),
    on_miss: z
      .enum(['reject', 'null', 'fail'])
      .nullable()
      .default('reject')
      .describe('What becomes of a row without a match: it is rejected, has no values, or fails the run.'),
  })
  .describe('Takes columns from a file or a table, by a key that each row there has of its own.');

export const ruleSchema = z.discriminatedUnion('type', [
  filterRuleSchema,
  transformRuleSchema,
  enrichRuleSchema,
  expectRuleSchema,
  maskRuleSchema,
  castRuleSchema,
  lookupRuleSchema,
]);
export type Rule = z.infer<typeof ruleSchema>;
export type MaskRule = z.infer<typeof maskRuleSchema>;
export type CastRule = z.infer<typeof castRuleSchema>;
export type LookupRule = z.infer<typeof lookupRuleSchema>;
