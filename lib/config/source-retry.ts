import { z } from 'zod';
import { plainJsonPathSchema } from './source-json-path.ts';

/** How fast an API may be asked, and what happens when it says no. */

export const rateLimitSchema = z.strictObject({
  requests: z.int().min(1).describe('Requests allowed in each interval.'),
  per_seconds: z.number().positive().max(86_400).default(1).describe('Length of the interval.'),
});

/** All of them hold: e.g. ten a second, and ten thousand a day. */
export const rateLimitsSchema = z.union([
  rateLimitSchema,
  z
    .array(rateLimitSchema)
    .min(1)
    .refine(
      (limits) => new Set(limits.map(({ per_seconds }) => per_seconds)).size === limits.length,
      'has two limits of the same interval, of which only the smaller one holds',
    ),
]);

const resetFormats = [
  'seconds',
  'milliseconds',
  'epoch_seconds',
  'epoch_milliseconds',
  'http_date',
  'iso8601',
] as const;

export const resetPathSchema = z.strictObject({
  path: plainJsonPathSchema.describe(
    'JSONPath in the body of a response that says "later", e.g. "$.error.retry_after".',
  ),
  format: z
    .enum(resetFormats)
    .default('seconds')
    .describe('What its value says: a time to wait, or the moment from which requests are welcome again.'),
});

export const resetHeaderSchema = z.strictObject({
  name: z.string().min(1).describe('Name of the header, e.g. "X-RateLimit-Reset".'),
  format: z
    .enum(resetFormats)
    .default('epoch_seconds')
    .describe('What its value says: a time to wait, or the moment from which requests are welcome again.'),
  remaining_header: z
    .string()
    .min(1)
    .optional()
    .describe('Header with the number of requests left, e.g. "X-RateLimit-Remaining"; at 0 the next one waits.'),
});

export const retrySchema = z.strictObject({
  delays_seconds: z
    .array(z.number().min(0).max(3_600))
    .max(20)
    .default([1, 2, 4])
    .describe(
      'Waits before each further attempt after 408, 429, 5xx and network faults; up to a quarter more at random.',
    ),
  statuses: z
    .array(z.int().min(300).max(599))
    .default([])
    .describe('Statuses besides 408, 429 and 5xx after which a request is repeated, e.g. [409, 423].'),
  max_wait_seconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(300)
    .describe('The longest wait that the API may ask for in Retry-After or a reset header; more fails the run.'),
  reset_headers: z
    .array(resetHeaderSchema)
    .default([])
    .describe('Headers besides Retry-After that say when to ask again.'),
  reset_paths: z
    .array(resetPathSchema)
    .default([])
    .describe('Places in the body of such a response that say when to ask again; also of one with status 403.'),
});

export type RateLimitSettings = z.infer<typeof rateLimitSchema>;
export type ResetPathSettings = z.infer<typeof resetPathSchema>;
export type ResetHeaderSettings = z.infer<typeof resetHeaderSchema>;
export type RetrySettings = z.infer<typeof retrySchema>;
