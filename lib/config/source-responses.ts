import { z } from 'zod';
import { conditionSchema } from './condition.ts';
import { oneValuePathSchema } from './source-json-path.ts';

/** What a response means, where its status does not say it. */

const statusesSchema = z.array(z.int().min(300).max(599));
const conditionsSchema = z.union([conditionSchema, z.array(conditionSchema).min(1)]);

export const responseShape = {
  success_when: conditionsSchema
    .optional()
    .describe(
      'What is true of every response that is no error, e.g. "$.ok == true"; a list: all of it. Conditions are filters of JSONPath, with the body as $ and @.status, @.headers. Where it is given, nothing else in a body is taken for an error.',
    ),
  error_when: conditionsSchema
    .optional()
    .describe(
      'What is true of a response that is an error although its status is a good one, e.g. "$.errors" or "$.code != 0"; a list: any of it.',
    ),
  retry_when: conditionsSchema
    .optional()
    .describe(
      'What is true of a response that says "later" although its status is a good one, e.g. "$.errors[0].extensions.code == \'THROTTLED\'"; a list: any of it. The request is repeated as after status 429.',
    ),
  error_message_path: oneValuePathSchema
    .optional()
    .describe('JSONPath of what such a response says. Default: the place that tells of the error.'),
  no_rows_statuses: statusesSchema
    .default([])
    .describe('Statuses of a first response that mean that there are no rows, e.g. [404]; others fail the run.'),
};

const valueSchema = z.union([z.string().min(1), z.number(), z.boolean()]);

/** A request that starts a job, whose result is asked for when the job is done. */
export const asyncSchema = z
  .strictObject({
    status_url_path: oneValuePathSchema
      .optional()
      .describe(
        'JSONPath, in the first response, of the URL that tells how the job is. Default: its header Location or Operation-Location.',
      ),
    status_endpoint: z
      .string()
      .min(1)
      .optional()
      .describe('The same as an endpoint, e.g. "jobs/{job.id}", where {job.…} are fields of the first response.'),
    status_path: oneValuePathSchema.describe('JSONPath of the job\'s status, e.g. "$.status".'),
    done_values: z.array(valueSchema).min(1).describe('Statuses that mean that the result is there.'),
    failed_values: z.array(valueSchema).default([]).describe('Statuses that mean that there will be none.'),
    result_url_path: oneValuePathSchema
      .optional()
      .describe('JSONPath of the URL of the result. Default: the last response about the status has the rows itself.'),
    result_endpoint: z.string().min(1).optional().describe('The same as an endpoint, e.g. "jobs/{job.id}/results".'),
    poll_seconds: z.number().positive().max(3_600).default(5).describe('How long to wait before asking again.'),
    timeout: z.number().positive().max(604_800).default(3_600).describe('Seconds after which a job is given up.'),
  })
  .superRefine((job, context) => {
    const add = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (job.status_url_path !== undefined && job.status_endpoint !== undefined) {
      add('status_endpoint', 'does not go with status_url_path; one of them says where the status is');
    }
    if (job.result_url_path !== undefined && job.result_endpoint !== undefined) {
      add('result_endpoint', 'does not go with result_url_path; one of them says where the result is');
    }
    const both = job.done_values.find((value) => job.failed_values.map(String).includes(String(value)));
    if (both !== undefined) add('failed_values', `has ${both}, which done_values has too`);
  })
  .describe(
    'The endpoint starts a job (often with status 202): its status is asked for until it is done, then its result is read.',
  );

export type AsyncSettings = z.infer<typeof asyncSchema>;
