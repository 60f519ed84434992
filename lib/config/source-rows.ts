import { z } from 'zod';
import { type JsonPath, type PathStep, parseJsonPath } from './json-path.ts';
import { jsonPathSchema } from './source-json-path.ts';
import type { AddIssue } from './sources/add-issue.ts';

/** What the rows at `records_path` look like, where they are not objects in a list, and what is added to them. */
export const rowShape = {
  map_key: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The rows are the members of the object at records_path, e.g. {"data": {"a1": {…}}}; their names go into this column.',
    ),
  columnar: z
    .literal(true)
    .optional()
    .describe('What is at records_path is an object of lists, one a column, e.g. {"time": […], "temp": […]}.'),
  header: z
    .union([
      z.literal('first_row'),
      z.array(z.string().min(1)).min(1),
      z.strictObject({
        path: jsonPathSchema.describe('JSONPath of the names, as of include, e.g. "$.columns" or "$.columns[*].name".'),
      }),
    ])
    .optional()
    .describe(
      'The rows are lists of values: `first_row` where the first of them has the names of the columns, `path` where they stand elsewhere in the response, else these names.',
    ),
  include: z
    .record(z.string().min(1), jsonPathSchema)
    .default({})
    .describe(
      'Columns to add to each row: column → JSONPath in what the row lies in: the element of the list around its own list, else the response, e.g. {"order_id": "$.id"} with records_path $.orders[*].lines[*]. A path with the [*] of records_path begins at the response.',
    ),
};

/** Where the names of columns come from, of rows that are lists of values. */
export type Header = 'first_row' | readonly string[] | { readonly path: string };

/** The path where names stand in the response; undefined where they come from elsewhere. */
export function headerPath(header: Header | undefined): string | undefined {
  return typeof header === 'object' && 'path' in header ? header.path : undefined;
}

/** A path to names: to their list, and from each of its elements to the name. @throws where a part is no path */
export function splitHeaderPath(path: string): { readonly list: JsonPath; readonly name: JsonPath } {
  const at = path.indexOf('[*]');
  const list = at === -1 ? path : path.slice(0, at);
  return { list: parseJsonPath(list), name: parseJsonPath(`$${at === -1 ? '' : path.slice(at + 3)}`) };
}

interface RowSettings {
  readonly records_path?: string | undefined;
  readonly record_name_column?: string | undefined;
  readonly map_key?: string | undefined;
  readonly columnar?: true | undefined;
  readonly header?: Header | undefined;
  readonly include: Readonly<Record<string, string>>;
}

/** Where the value of an included column lies: in what encloses the rows, e.g. each element of `$.orders[*]`. */
export interface IncludePath {
  readonly enclosing: readonly PathStep[];
  readonly inside: readonly PathStep[];
}

/**
 * Where an included column's value is, seen from the response.
 *
 * @param rows  steps of `records_path`; none where it is not set
 * @returns     or why there is no one such place, as the rest of a sentence
 */
export function includePath(rows: readonly PathStep[], path: JsonPath): IncludePath | string {
  const { steps } = path;
  if (steps === undefined) return 'needs a path of names and indexes, e.g. "$.id"';
  const list = rows.at(-1) === 'any' ? rows.slice(0, -1) : rows;
  const lastAny = list.lastIndexOf('any');
  const any = steps.lastIndexOf('any');
  if (any === -1) return { enclosing: list.slice(0, lastAny + 1), inside: steps };
  const enclosing = steps.slice(0, any + 1);
  if (JSON.stringify(enclosing) !== JSON.stringify(list.slice(0, any + 1))) {
    return 'has a [*] at which records_path does not lead to the rows, so it is not known which value belongs to a row';
  }
  return { enclosing, inside: steps.slice(any + 1) };
}

/** Settings of rows that are right each by itself and do not fit together. */
export function checkRows(source: RowSettings, add: AddIssue): void {
  const { columnar, header, include, map_key, record_name_column, records_path } = source;
  const shapes = Object.entries({ map_key, record_name_column, columnar, header }).filter(([, value]) => value);
  for (const [key] of shapes.slice(1)) {
    add([key], `does not go with ${shapes[0]?.[0]}; rows have one shape`);
  }
  if (map_key !== undefined && records_path === undefined) {
    add(['map_key'], 'needs records_path, the object whose members are the rows; $ is the response itself');
  }
  if (columnar === true && records_path === undefined) {
    add(['columnar'], 'needs records_path, the object of lists; $ is the response itself');
  }
  const names = Array.isArray(header) ? header : [];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) add(['header'], `names the column ${twice} twice; name each once`);
  const rows = stepsOf(records_path);
  if (map_key !== undefined && records_path !== undefined && rows === undefined) {
    add(['map_key'], 'needs a records_path of names, indexes and [*]');
  }
  checkHeaderPath(source, rows, add);
  for (const [column, text] of Object.entries(include)) {
    if (rows === undefined) {
      add(['include', column], 'needs a records_path of names, indexes and [*], without filters and ".."');
      continue;
    }
    const path = parsed(text);
    const found = path === undefined ? undefined : includePath(rows, path);
    if (typeof found === 'string') add(['include', column], found);
  }
}

function checkHeaderPath(
  { header, records_path }: RowSettings,
  rows: readonly PathStep[] | undefined,
  add: AddIssue,
): void {
  const path = headerPath(header);
  if (path === undefined || parsed(path) === undefined) return;
  if (records_path === undefined || rows === undefined) {
    add(['header', 'path'], 'needs a records_path of names, indexes and [*], of the lists of values');
    return;
  }
  const { list, name } = splitHeaderPath(path);
  const found = includePath(rows, list);
  if (typeof found === 'string') add(['header', 'path'], found);
  if (name.steps === undefined || name.steps.includes('any')) {
    add(['header', 'path'], 'needs one [*] at most, e.g. "$.columns[*].name"');
  }
}

/** A path that is none is reported where it stands. */
function parsed(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch {
    return undefined;
  }
}

function stepsOf(recordsPath: string | undefined): readonly PathStep[] | undefined {
  if (recordsPath === undefined) return [];
  const path = parsed(recordsPath);
  return path === undefined ? [] : path.steps;
}
