import { z } from 'zod';
import { ruleSchema } from './business-rule.ts';
import { dateFormatSchema } from './date-format.ts';
import { declaredColumnSchema, declaredTypeSchema } from './declared-column.ts';
import { deployedPipelineShape } from './deploy.ts';
import { loadShape } from './load-settings.ts';
import { explodeSchema, flattenSchema } from './nested.ts';
import { apiSourceShape } from './sources/api.ts';
import { checkApiSource } from './sources/check-api.ts';
import { checkFileSource } from './sources/check-file.ts';
import { fileSourceShape } from './sources/file.ts';

const transformShape = {
  select: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('The columns of the source to take, by their names there; all others are left out. Default: all.'),
  exclude: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Columns of the source to leave out, by their names there.'),
  flatten: flattenSchema.optional(),
  explode: explodeSchema.optional(),
  business_rules: z.array(ruleSchema).default([]).describe('Filters, transforms and enrichments, run in this order.'),
  rule_timeout_seconds: z
    .number()
    .positive()
    .optional()
    .describe('How long the business rules may take. Default: 60, and one more for each 100 kB of the source.'),
  memory_limit_mb: z
    .int()
    .min(64)
    .optional()
    .describe(
      "What DuckDB may keep in memory, in MB, before it writes to the disk. Default: half of the machine's; in AWS three fifths of the function's at most.",
    ),
  pieces_above_mb: z
    .number()
    .positive()
    .optional()
    .describe(
      'A source with more MB than this is cleaned in pieces, each of which needs memory for itself alone. Default: 32768; in AWS deploy.scatter_above_mb.',
    ),
  piece_mb: z.number().positive().optional().describe('MB of such a piece, about. Default: 128.'),
  required_columns: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'A row without a value in one of these is rejected. Default: the key columns, else `id` where there is one.',
    ),
  deduplicate: z.boolean().default(true).describe('Drop rows that repeat an earlier row in every column.'),
  blank_text: z
    .enum(['empty', 'keep'])
    .default('empty')
    .describe("empty: a missing text becomes ''. keep: it stays NULL."),
  date_format: dateFormatSchema.optional().describe('strptime format of dates in this source, e.g. "%d/%m/%Y".'),
  rename: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe('New names of columns by their name in the source, e.g. {"Order No.": "order_number"}.'),
  max_rejected_rows: z
    .int()
    .min(0)
    .optional()
    .describe('More rejected rows than this fail the run before anything is loaded. Default: reject and go on.'),
  max_rejected_ratio: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'A larger share of rejected rows than this, from 0 to 1, fails the run before anything is loaded. Default: 0.5.',
    ),
  columns: z
    .record(z.string(), z.union([declaredTypeSchema, declaredColumnSchema]))
    .default({})
    .describe('A contract: what does not fit a declared type is rejected.'),
  on_new_column: z
    .enum(['add', 'ignore', 'fail'])
    .default('add')
    .describe('What to do with a column of the source that neither the table nor `columns` has.'),
  on_missing_column: z
    .enum(['warn', 'fail'])
    .default('warn')
    .describe('What to do when the source lacks a column that the table has.'),
  on_type_mismatch: z
    .enum(['reject', 'fail'])
    .default('reject')
    .describe('What to do with a row of which a value does not fit the type of its column.'),
};

const pipelineShape = { ...loadShape, ...transformShape, ...deployedPipelineShape };

/** One entry for each source type; what else is asked of it stands in `sources.ts`, here and in `lib/extract`. */
export const pipelineSchema = z.discriminatedUnion('source_type', [
  z.strictObject({ ...apiSourceShape, ...pipelineShape }).superRefine(checkApiSource),
  z.strictObject({ ...fileSourceShape, ...pipelineShape }).superRefine(checkFileSource),
]);

export type PipelineSettings = z.infer<typeof pipelineSchema>;
export type ApiSettings = Extract<PipelineSettings, { source_type: 'api' }>;
export type FileSettings = Extract<PipelineSettings, { source_type: 'file' }>;
