import { z } from 'zod';
import { jsonPathSchema } from './source-json-path.ts';
import { paginationSchema } from './source-pagination.ts';
import { parameterSchema, partitionShape } from './source-parent.ts';
import type { AddIssue } from './sources/add-issue.ts';

/** What requests are made for, one for each: a list, a column of a file, a query, or another endpoint. */

const valuesSchema = z.array(z.union([parameterSchema, z.record(z.string().min(1), parameterSchema)])).min(1);

const innermostShape = {
  values: valuesSchema
    .optional()
    .describe('The values themselves: {parent.value} is one of them; or objects, whose members are {parent.…}.'),
  file: z
    .string()
    .min(1)
    .optional()
    .describe('A file, local or s3://, in CSV, TSV, JSON or NDJSON, with a value in each row: {parent.<column>}.'),
  column: z.string().min(1).optional().describe('The column of the file.'),
  query: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A SELECT in the target, one row for each: its columns are {parent.…}. It runs when the extraction begins.',
    ),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Path under data_source.base_url of an endpoint, or a whole URL of its origin: fields of its rows are {parent.…}.',
    ),
  method: z.enum(['GET', 'POST']).optional().describe('HTTP method of its requests. Default: GET.'),
  params: z.record(z.string(), parameterSchema).default({}).describe('Query parameters of its requests.'),
  body: z.record(z.string(), z.json()).optional().describe('JSON body of its requests.'),
  records_path: jsonPathSchema.optional().describe('JSONPath of its rows. Default as for the pipeline.'),
  pagination: paginationSchema.optional().describe('Its pages. Default as for the pipeline.'),
  max_rows: z.int().min(1).optional().describe('How many to read at most.'),
  ...partitionShape,
};

const innermostSchema = z.strictObject(innermostShape);

export type ForEachObject = z.output<typeof innermostSchema> & { readonly for_each?: ForEachSettings | undefined };
export type ForEachSettings = z.output<typeof valuesSchema> | ForEachObject;

const forEachObjectSchema: z.ZodType<ForEachObject> = z.lazy(() =>
  z.strictObject({
    ...innermostShape,
    for_each: forEachSchema
      .optional()
      .describe(
        'What this endpoint is asked for in turn: {parent.…} in its own requests, {parent.parent.…} in those below.',
      ),
  }),
);

export const forEachSchema: z.ZodType<ForEachSettings> = z.union([valuesSchema, forEachObjectSchema]);

/** The kinds of what requests are made for, and the key that tells each. */
export const forEachKinds = ['values', 'file', 'query', 'endpoint'] as const;
export type ForEachKind = (typeof forEachKinds)[number];

/** Keys that belong to one kind only. */
const ofEndpoint = ['method', 'params', 'body', 'records_path', 'pagination', 'for_each'] as const;

/** As an object, also where it is written as a list. */
export function forEachObject(settings: ForEachSettings): ForEachObject {
  if (!Array.isArray(settings)) return settings;
  return { values: settings, params: {}, include: {}, no_rows_statuses: [], skip_statuses: [] };
}

/** The kind of what requests are made for; undefined where the settings name none, or several. */
export function forEachKind(settings: ForEachObject): ForEachKind | undefined {
  const named = forEachKinds.filter((kind) => settings[kind] !== undefined);
  return named.length === 1 ? named[0] : undefined;
}

/** Settings that are right each by itself and do not fit together. */
export function checkForEach(settings: ForEachObject, under: readonly string[], add: AddIssue): void {
  const kind = forEachKind(settings);
  if (kind === undefined) {
    add(under, `needs one of ${forEachKinds.join(', ')}: what requests are made for`);
    return;
  }
  if ((kind === 'file') !== (settings.column !== undefined)) {
    add([...under, 'column'], kind === 'file' ? 'is missing: the column of the file' : 'belongs to file');
  }
  if (kind !== 'endpoint') {
    for (const key of ofEndpoint) {
      const value = settings[key];
      const isSet = key === 'params' ? Object.keys(settings.params).length > 0 : value !== undefined;
      if (isSet) add([...under, key], 'belongs to endpoint');
    }
  }
  if (settings.body !== undefined && settings.method !== 'POST') add([...under, 'body'], 'needs method: POST');
  if (
    settings.pagination !== undefined &&
    'in' in settings.pagination &&
    settings.pagination.in === 'body' &&
    settings.method !== 'POST'
  ) {
    add([...under, 'pagination', 'in'], 'the body is sent with method: POST only; use in: query');
  }
  if (settings.query !== undefined && !/^\s*(select|with|values)\b/i.test(settings.query)) {
    add([...under, 'query'], 'must be a SELECT');
  }
  if (settings.query !== undefined && hasTwoStatements(settings.query)) {
    add([...under, 'query'], 'must be one statement, and has something behind a semicolon');
  }
  if (settings.file !== undefined && /\.parquet$/i.test(settings.file)) {
    add([...under, 'file'], 'is read from CSV, TSV, JSON and NDJSON, and this is Parquet');
  }
}

/** Whether something stands behind a semicolon that is in no text, name or comment. */
function hasTwoStatements(query: string): boolean {
  const bare = query.replaceAll(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$/g,
    ' ',
  );
  return /;\s*\S/.test(bare);
}
