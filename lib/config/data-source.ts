import { z } from 'zod';
import { secretReferenceSchema } from './secret.ts';
import { authSchema } from './source-auth.ts';
import { rateLimitsSchema, retrySchema } from './source-retry.ts';
import { tlsSchema } from './source-tls.ts';

/** What all API pipelines of a configuration have in common. */

/** Headers that say how a message is sent, not what is asked for. */
const ofConnection = new Set(
  'host content-length transfer-encoding connection keep-alive upgrade te trailer'.split(' '),
);

const headersSchema = z
  .record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header'),
    z.union([z.string().regex(/^[^\r\n\0]*$/, 'must be one line'), secretReferenceSchema]),
  )
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers).filter((one) => ofConnection.has(one.toLowerCase()))) {
      context.addIssue({ code: 'custom', path: [name], message: 'is a header that the connection sets itself' });
    }
  })
  .default({});

const secretsSchema = z
  .record(z.string().regex(/^\w+$/, 'must be a name of letters, digits and _'), secretReferenceSchema)
  .default({})
  .describe('Secrets by names of your own: {secret.name} in endpoint, params, headers or body stands for their value.');

/** How an API is reached; a pipeline's own settings win over those of `data_source`. */
export const connectionShape = {
  auth: authSchema.optional().describe('Credentials; sent to the origin of the API only.'),
  tls: tlsSchema.optional(),
  secrets: secretsSchema,
  headers: headersSchema.describe('Headers of every request; a value may be a reference to a secret.'),
  timeout_seconds: z
    .number()
    .positive()
    .max(900)
    .optional()
    .describe('Longest silence of the API, before and within a response. Default: 30.'),
  allow_private_addresses: z
    .boolean()
    .optional()
    .describe(
      'Whether requests may go to addresses that are not public (loopback, private, link-local, …). Default: only to the kind that base_url itself is written as.',
    ),
  rate_limit: rateLimitsSchema
    .optional()
    .describe(
      'Requests per interval, or a list of such limits that all hold; for all pipelines that ask the same origin. Default: no limit.',
    ),
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

export type DataSource = z.infer<typeof dataSourceSchema>;
