import { z } from 'zod';
import { connectionShape } from '../data-source.ts';
import { secretReferenceSchema } from '../secret.ts';
import { answerShape } from '../source-answers.ts';
import { forEachSchema } from '../source-for-each.ts';
import { incrementalSchema } from '../source-incremental.ts';
import { jsonPathSchema, recordNameColumnSchema } from '../source-json-path.ts';
import { paginationSchema } from '../source-pagination.ts';
import { parameterSchema, parentSchema } from '../source-parent.ts';
import { asyncSchema, responseShape } from '../source-responses.ts';
import { rowShape } from '../source-rows.ts';

const endpointSchema = z
  .string()
  .min(1)
  .refine(
    (text) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^https?:/i.test(text),
    'must be a path, or a URL of http or https',
  )
  .refine((text) => !/^https?:\/\/[^/?#]*@/i.test(text), 'has a user name, which would be seen in messages; use auth')
  .refine(
    (text) => !text.includes('#'),
    'has a fragment (#…), which is never sent; write %23 where it is part of a path',
  );

/** An HTTP API that answers with JSON. Its fields stand flat in the pipeline, as in the article's configuration. */
export const apiSourceShape = {
  source_type: z.literal('api'),
  endpoint: endpointSchema.describe('Path under data_source.base_url, e.g. "users", or a whole URL.'),
  method: z.enum(['GET', 'POST']).default('GET').describe('HTTP method of the requests.'),
  params: z
    .record(z.string(), z.union([parameterSchema, z.array(parameterSchema), secretReferenceSchema]))
    .default({})
    .describe('Query parameters of the request; a list is sent by array_format.'),
  body: z.record(z.string(), z.json()).optional().describe('Body of a POST request.'),
  ...answerShape,
  records_path: jsonPathSchema
    .optional()
    .describe('JSONPath (RFC 9535) of the rows in a response. Default: `results`, or the response if it is an array.'),
  record_name_column: recordNameColumnSchema,
  ...rowShape,
  pagination: paginationSchema
    .optional()
    .describe('How the rows are dealt out in pages. Default: links of RFC 8288 and `next` URLs are followed.'),
  max_pages: z.int().min(1).optional().describe('Pages to read at most; the rest is left out.'),
  max_rows: z.int().min(1).optional().describe('Rows to read at most; the rest is left out.'),
  on_incomplete: z
    .enum(['fail', 'warn'])
    .optional()
    .describe(
      'What happens where a response says that there is more than was read, or that it is an error, although its status is a good one. Default: errors fail; what was not read fails with load_mode replace and with incremental, else it is a warning.',
    ),
  ...responseShape,
  async: asyncSchema.optional(),
  conditional_requests: z
    .enum(['etag', 'last_modified', 'off'])
    .optional()
    .describe(
      'Whether the API is asked for a response only if it has changed since it was loaded. etag: by the ETag of a response; last_modified: also by the time of its Last-Modified; off: never. Default: etag where the source is one response and repeats are harmless.',
    ),
  on_omitted_list: z
    .enum(['fail', 'empty'])
    .default('fail')
    .describe(
      'What a first page means that has nothing at records_path: a wrong path, or an API that leaves empty lists out.',
    ),
  incremental: incrementalSchema.optional(),
  parent: parentSchema.optional(),
  for_each: forEachSchema
    .optional()
    .describe(
      'What requests are made for, one for each, or by {batch:50} one for so many: a list, a column of a file, a query of the target, or the rows of another endpoint. {parent.…} are its fields.',
    ),
  ...connectionShape,
};
