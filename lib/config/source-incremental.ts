import { z } from 'zod';
import { conditionSchema } from './condition.ts';
import { cursorFormatProblem } from './cursor-format.ts';
import { durationSchema, shiftFromNow } from './duration.ts';
import { isTimeZone } from './time-zone.ts';

/** Reading only what is new since the last successful run. */

export const incrementalSchema = z
  .strictObject({
    cursor_column: z.string().min(1).describe('Field of a row that grows with time, e.g. "updated_at" or "id".'),
    cursor_type: z
      .enum(['number', 'timestamp', 'text'])
      .optional()
      .describe('How values are compared. Default: as numbers or as times of ISO 8601, whichever the first value is.'),
    cursor_format: z
      .string()
      .min(1)
      .superRefine((text, context) => {
        const message = cursorFormatProblem(text);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .optional()
      .describe(
        'How the times of the column are written, where it is not ISO 8601: http_date, epoch_seconds, epoch_milliseconds, json_date for /Date(…)/, or directives of strptime, e.g. "%m/%d/%Y %I:%M %p".',
      ),
    cursor_timezone: z
      .string()
      .refine(isTimeZone, 'must be the name of a time zone, e.g. Europe/Berlin')
      .default('UTC')
      .describe('Time zone of times that are written without one.'),
    initial_value: z
      .union([z.string().min(1), z.number()])
      .optional()
      .describe('Where the first run begins. Default: at the beginning.'),
    lag: z
      .number()
      .min(0)
      .default(0)
      .describe(
        'How far before the watermark to begin again, for rows that arrive late: seconds, or units of a number.',
      ),
    window: durationSchema
      .optional()
      .describe(
        'Read slice by slice, each with its own requests and both bounds, e.g. "1 day". Needs initial_value, and start_param and end_param or {window.start} and {window.end}.',
      ),
    step: durationSchema
      .optional()
      .describe(
        'How far each slice begins behind the one before; the requests of slices then overlap, and each row is taken once. Default: window.',
      ),
    end: z
      .string()
      .refine((text) => shiftFromNow(text) !== undefined, 'must be "now", or a time from it such as "now-1h"')
      .optional()
      .describe(
        'Read up to here only, e.g. "now-1h"; it says that older rows are all there, so the watermark moves up to it, whatever rows there are. Default with window: now, and the watermark is the newest row.',
      ),
    split_when: z
      .strictObject({
        total_over: z
          .int()
          .min(1)
          .optional()
          .describe('More items than this, by the total that the API says, halve the slice.'),
        condition: conditionSchema
          .optional()
          .describe(
            'What is true of a response that leaves rows out because there are too many, e.g. "$.request_status.type == \'incomplete\'"; the slice is halved.',
          ),
      })
      .refine(
        ({ condition, total_over }) => (condition ?? total_over) !== undefined,
        'needs total_over or condition: what tells that a slice has too many rows',
      )
      .optional()
      .describe('Which slices are halved, where an API gives only so many results of a search.'),
    start_param: z.string().min(1).optional().describe('Parameter that takes the lower bound, e.g. "updated_since".'),
    end_param: z
      .string()
      .min(1)
      .optional()
      .describe('Parameter that takes the upper bound: of a slice, of `end`, or of a backfill.'),
    in: z.enum(['query', 'header', 'body']).default('query').describe('Where the two parameters are sent.'),
    start_bound: z
      .enum(['inclusive', 'exclusive'])
      .default('inclusive')
      .describe('Whether the API returns rows that equal the lower bound.'),
    end_bound: z
      .enum(['inclusive', 'exclusive'])
      .default('exclusive')
      .describe('Whether the API returns rows that equal the upper bound.'),
    param_format: z
      .enum(['as_is', 'iso8601', 'date', 'epoch_seconds', 'epoch_milliseconds'])
      .default('as_is')
      .describe('How the API wants the bounds to be written.'),
  })
  .describe('Rows are read once: the newest value of the cursor column is kept when a run has loaded.');

export type IncrementalSettings = z.infer<typeof incrementalSchema>;
