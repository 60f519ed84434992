import { type Placeholder, placeholdersOf, TemplateProblem } from '../template.ts';
import type { VariableName } from '../template-words.ts';
import type { AddIssue } from './add-issue.ts';

/** The texts of a request, with what its placeholders may stand for. */
export interface TemplatePlaces {
  readonly endpoint: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly pagination?: PagesForTemplates | undefined;
  /** What a variable needs that is not there, as the rest of a sentence; undefined where it may be used. */
  readonly missing: (placeholder: Placeholder) => string | undefined;
}

interface PagesForTemplates {
  readonly type: string;
  readonly first_cursor?: unknown;
  readonly page_size?: unknown;
}

/** Checks every `{…}` of a request, and gives back those that are right. */
export function checkTemplates(
  places: TemplatePlaces,
  under: readonly string[],
  add: AddIssue,
): readonly Placeholder[] {
  const { body, endpoint, headers, params } = places;
  const found: Placeholder[] = [];
  const look = (value: unknown, path: readonly PropertyKey[], alone: boolean): void => {
    if (typeof value === 'string') found.push(...checkText(value, path, alone, places, add));
    else if (Array.isArray(value)) for (const [at, item] of value.entries()) look(item, [...path, at], alone);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value)) look(item, [...path, name], alone);
    }
  };
  look(endpoint, [...under, 'endpoint'], false);
  for (const [place, values] of [
    ['params', params],
    ['headers', headers],
  ] as const) {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string' || Array.isArray(value)) look(value, [...under, place, name], place === 'params');
    }
  }
  look(body, [...under, 'body'], true);
  const host = /^https?:\/\/([^/?#]*)/i.exec(endpoint)?.[1] ?? '';
  if (host.includes('{')) {
    add([...under, 'endpoint'], 'has a placeholder in its host, to which credentials would go; write the host out');
  }
  return found;
}

/** @param alone  a text that is nothing but a placeholder is left out where the placeholder has no value */
function checkText(
  text: string,
  path: readonly PropertyKey[],
  alone: boolean,
  places: TemplatePlaces,
  add: AddIssue,
): readonly Placeholder[] {
  let found: readonly Placeholder[];
  try {
    found = placeholdersOf(text);
  } catch (thrown) {
    if (!(thrown instanceof TemplateProblem)) throw thrown;
    add(path, thrown.message);
    return [];
  }
  for (const placeholder of found) {
    const whole = alone && placeholder.text === text;
    const problem = pageProblem(placeholder, places.pagination, whole) ?? places.missing(placeholder);
    if (problem !== undefined) add(path, `has the placeholder ${placeholder.text}, which ${problem}`);
  }
  return found;
}

/** What the pages have to be for a placeholder of theirs. */
function pageProblem(
  { name }: Placeholder,
  pagination: PagesForTemplates | undefined,
  whole: boolean,
): string | undefined {
  const type = pagination?.type;
  switch (name) {
    case 'page':
      return type === 'page_number' ? undefined : 'needs pagination: {type: page_number}';
    case 'offset':
      return type === 'offset' ? undefined : 'needs pagination: {type: offset, limit: …}';
    case 'limit':
      if (type === 'offset' || (type === 'page_number' && pagination?.page_size !== undefined)) return undefined;
      return 'needs pagination: {type: offset, limit: …}';
    case 'cursor':
      if (type !== 'cursor') return 'needs pagination: {type: cursor, …}';
      if (whole || pagination?.first_cursor !== undefined) return undefined;
      return 'has no value on the first page; set pagination.first_cursor, or make it the whole value';
    default:
      return undefined;
  }
}

/** What the variables of data_source.headers may be: what every pipeline has. */
export function checkSharedHeaders(
  headers: Readonly<Record<string, unknown>>,
  under: readonly string[],
  add: AddIssue,
): void {
  const everywhere: readonly VariableName[] = ['now', 'run', 'env', 'secret'];
  checkTemplates(
    {
      endpoint: '',
      params: {},
      headers,
      missing: ({ name }) =>
        everywhere.includes(name)
          ? undefined
          : `belongs to a pipeline; use ${everywhere.join(', ')} here, or headers of the pipeline`,
    },
    under,
    add,
  );
}
