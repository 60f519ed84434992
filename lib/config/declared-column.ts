import { z } from 'zod';
import { dateFormatSchema } from './date-format.ts';
import { defaultProblem } from './default-value.ts';

/** Types a `columns:` block may declare; the target's column gets the same type. */
export const declaredTypeSchema = z
  .string()
  .regex(
    /^(smallint|integer|bigint|real|double precision|numeric(\(\d{1,4}(,\d{1,4})?\))?|boolean|text|varchar(\(\d+\))?|date|time|timestamp|timestamptz|uuid|jsonb)$/,
    'must be one of smallint, integer, bigint, real, double precision, numeric(p,s), boolean, text, varchar(n), date, time, timestamp, timestamptz, uuid, jsonb',
  );

const optionsSchema = z.strictObject({
  type: declaredTypeSchema.optional(),
  date_format: dateFormatSchema
    .optional()
    .describe('strptime format of dates and timestamps in this column, e.g. "%d/%m/%Y".'),
  required: z.boolean().optional().describe('A row without a value here is rejected.'),
  rename: z.string().min(1).optional().describe('The name of the column in the table.'),
  default: z
    .union([z.string(), z.number(), z.boolean(), z.null()])
    .optional()
    .describe('What a row without a value gets; it has to fit the type, which stands beside it.'),
  drop: z
    .boolean()
    .optional()
    .describe('Business rules can use the column, and the table does not get it. To leave it unread, use exclude.'),
});

/** What `columns` says of one column beside its type. */
export const declaredColumnSchema = optionsSchema.superRefine((column, context) => {
  for (const [key, message] of problemsOf(column)) context.addIssue({ code: 'custom', path: [key], message });
});

type Options = z.infer<typeof optionsSchema>;

function problemsOf(column: Options): readonly (readonly [keyof Options, string])[] {
  const { default: value, drop, rename, required, type } = column;
  const problems: (readonly [keyof Options, string])[] = [];
  if (drop === true && rename !== undefined) {
    problems.push(['rename', 'names a column of the table, and drop leaves it out of the table; remove one of them']);
  }
  if (value === undefined) return problems;
  if (value === null) {
    return [...problems, ['default', 'is null, which a row without a value has already; remove it, or give a value']];
  }
  if (required === true) {
    problems.push(['required', 'rejects the rows to which default gives a value; remove one of them']);
  }
  if (type === undefined)
    return [...problems, ['default', 'needs the type beside it, e.g. {type: bigint, default: 0}']];
  const problem = defaultProblem(type, value);
  return problem === undefined ? problems : [...problems, ['default', problem]];
}
