import { compile, type JSONPathQuery, query } from 'json-p3';

/** One step from a place in a JSON document to a place inside it; `any` is every child. */
export type PathStep = { readonly name: string } | { readonly index: number } | 'any';

/** A JSONPath (RFC 9535), ready for use. */
export interface JsonPath {
  readonly text: string;
  /** Set where the path names members, indexes and wildcards only, so a text can be streamed along it. */
  readonly steps: readonly PathStep[] | undefined;
  /** The names and indexes it begins with; undefined where it may lead anywhere from the start, as `$..items` does. */
  readonly lead: readonly PathStep[] | undefined;
}

/**
 * Reads a JSONPath. `results` and `data.items` without the leading `$.` mean `$.results` and `$.data.items`.
 *
 * @throws {JSONPathError} of json-p3, with what was expected and the position
 */
export function parseJsonPath(text: string): JsonPath {
  const written = text.trim();
  const full = written.startsWith('$') ? written : `${written.startsWith('[') ? '$' : '$.'}${written}`;
  const compiled = compile(full);
  return { text: full, steps: stepsOf(compiled), lead: leadOf(compiled) };
}

/** Why the text is no JSONPath, or undefined when it is one. For the configuration's check. */
export function jsonPathProblem(text: string): string | undefined {
  try {
    parseJsonPath(text);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Where in `value` the path leads, as steps from the root. */
export function locate(path: JsonPath, value: unknown): readonly (readonly PathStep[])[] {
  return query(path.text, value as never).nodes.map((node) =>
    node.location.map((key) => (typeof key === 'number' ? { index: key } : { name: key })),
  );
}

function stepsOf(compiled: JSONPathQuery): readonly PathStep[] | undefined {
  const steps = compiled.segments.map(stepOf);
  return steps.every((step) => step !== undefined) ? steps : undefined;
}

function leadOf(compiled: JSONPathQuery): readonly PathStep[] | undefined {
  const lead: PathStep[] = [];
  for (const segment of compiled.segments) {
    const step = stepOf(segment);
    if (step !== undefined && step !== 'any') lead.push(step);
    else return segment.toString().startsWith('..') ? undefined : lead;
  }
  return lead;
}

/** The step that a segment is; undefined where it is a filter, a slice, several selectors or a descent. */
function stepOf(segment: JSONPathQuery['segments'][number]): PathStep | undefined {
  const selector = segment.selectors[0];
  if (segment.toString().startsWith('..') || segment.selectors.length !== 1 || selector === undefined) return undefined;
  if ('name' in selector && typeof selector.name === 'string') return { name: selector.name };
  if ('index' in selector && typeof selector.index === 'number' && selector.index >= 0)
    return { index: selector.index };
  return selector.toString() === '*' ? 'any' : undefined;
}
