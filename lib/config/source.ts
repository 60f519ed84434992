import { z } from 'zod';
import { secretReferenceSchema } from './secret.ts';
import { authSchema } from './source-auth.ts';
import { fileSettingsShape } from './source-file.ts';
import { incrementalSchema } from './source-incremental.ts';
import { jsonPathSchema } from './source-json-path.ts';
import { paginationSchema } from './source-pagination.ts';
import { parentSchema } from './source-parent.ts';
import { rateLimitSchema, retrySchema } from './source-retry.ts';

/** Where rows come from. Every field of a source stands flat in its pipeline, as in the article's configuration. */

const headersSchema = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header'),
    z.union([z.string(), secretReferenceSchema]),
  )
  .default({});

const connectionShape = {
  auth: authSchema.optional().describe('Credentials; sent to the origin of the API only.'),
  headers: headersSchema.describe('Headers of every request; a value may be a reference to a secret.'),
  timeout_seconds: z
    .number()
    .positive()
    .max(900)
    .optional()
    .describe('Longest silence of the API, before and within an answer. Default: 30.'),
  rate_limit: rateLimitSchema.optional().describe('Requests per interval. Default: no limit.'),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe('Requests under way at once for `parent` endpoints. Default: 4.'),
  retry: retrySchema.optional().describe('What happens after 408, 429, 5xx and network faults.'),
};

export const dataSourceSchema = z.strictObject({
  base_url: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
    .optional()
    .describe("Root of the API; a pipeline's endpoint is appended to it."),
  ...connectionShape,
});

export const apiSourceShape = {
  source_type: z.literal('api'),
  endpoint: z.string().min(1).describe('Path under data_source.base_url, e.g. "users", or a whole URL.'),
  method: z.enum(['GET', 'POST']).default('GET').describe('HTTP method of the requests.'),
  params: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), secretReferenceSchema]))
    .default({})
    .describe('Query parameters of the request.'),
  body: z.record(z.string(), z.json()).optional().describe('JSON body of a POST request.'),
  records_path: jsonPathSchema
    .optional()
    .describe('JSONPath (RFC 9535) of the rows in an answer. Default: `results`, or the answer if it is an array.'),
  pagination: paginationSchema
    .optional()
    .describe('How the rows are dealt out in pages. Default: links of RFC 8288 and `next` URLs are followed.'),
  max_pages: z.int().min(1).optional().describe('Pages to read at most; the rest is left out.'),
  max_rows: z.int().min(1).optional().describe('Rows to read at most; the rest is left out.'),
  incremental: incrementalSchema.optional(),
  parent: parentSchema.optional(),
  ...connectionShape,
};

export const fileSourceShape = {
  source_type: z.literal('file'),
  file_path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('Path, glob, s3://bucket/key or s3://bucket/prefix/; or a list. Relative to the configuration file.'),
  ...fileSettingsShape,
};

export type DataSource = z.infer<typeof dataSourceSchema>;
