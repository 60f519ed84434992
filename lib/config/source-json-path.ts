import { z } from 'zod';
import { jsonPathProblem, parseJsonPath } from './json-path.ts';

/** Of every source whose rows lie in JSON. */
export const recordNameColumnSchema = z
  .string()
  .min(1)
  .optional()
  .describe(
    'Column to add with the name of each row, where the rows are the members of an object, e.g. $.rates[*] of {"rates": {"EUR": {…}}}.',
  );

/** A JSONPath (RFC 9535); `data.items` is short for `$.data.items`. */
export const jsonPathSchema = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const problem = jsonPathProblem(text);
    if (problem === undefined) return;
    context.addIssue({
      code: 'custom',
      message: `is no JSONPath (RFC 9535): ${problem}. Write e.g. "$.data.items" or "$.results[*]"`,
    });
  });

/** A JSONPath that leads to one value: of names, indexes and filters, not of every child. */
export const oneValuePathSchema = jsonPathSchema.refine(
  (text) => jsonPathProblem(text) !== undefined || parseJsonPath(text).steps?.includes('any') !== true,
  'leads to several values; name the one, e.g. "$.meta.next" or "$.data[-1].id"',
);

/** A JSONPath of names and indexes, which leads to one value. */
export const plainJsonPathSchema = jsonPathSchema.refine(
  (text) => jsonPathProblem(text) !== undefined || parseJsonPath(text).steps?.includes('any') === false,
  'must be a path of names and indexes that leads to one value, e.g. "$.data.token"',
);
