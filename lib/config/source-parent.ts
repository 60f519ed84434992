import { z } from 'zod';
import { jsonPathSchema } from './source-json-path.ts';
import { paginationSchema } from './source-pagination.ts';

export const parameterSchema = z.union([z.string(), z.number(), z.boolean()]);

/** What is said of the rows of each parent, whatever parents are. */
export const partitionShape = {
  no_rows_statuses: z
    .array(z.int().min(400).max(499))
    .default([])
    .describe('Statuses that mean that a parent has no rows, e.g. [404]; others fail the run.'),
  skip_statuses: z
    .array(z.int().min(400).max(499))
    .default([])
    .describe(
      'Statuses for which a parent is left out, with a warning, e.g. [403]; its watermark stays. Not for load_mode replace.',
    ),
  include: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe('Fields of the parent to add to each row: new column → field of the parent, e.g. {"user_id": "id"}.'),
};

/** An endpoint whose rows each lead to one request of the pipeline's own endpoint. */
export const parentSchema = z
  .strictObject({
    endpoint: z.string().min(1).describe('Path under data_source.base_url of the endpoint that lists the parents.'),
    params: z.record(z.string(), parameterSchema).default({}).describe('Query parameters of its requests.'),
    records_path: jsonPathSchema.optional().describe('JSONPath of its rows. Default as for the pipeline.'),
    pagination: paginationSchema.optional().describe('Its pages.'),
    max_rows: z.int().min(1).optional().describe('Parents to read at most.'),
    ...partitionShape,
  })
  .describe(
    'One request for each row of another endpoint. "{parent.id}" in the pipeline\'s endpoint, params or body stands for the field `id` of the parent.',
  );

export type ParentSettings = z.infer<typeof parentSchema>;
