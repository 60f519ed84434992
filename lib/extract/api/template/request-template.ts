import { type Placeholder, parseTemplate, placeholdersOf } from '../../../config/template.ts';
import type { VariableName } from '../../../config/template-words.ts';
import { endpointUrl } from '../endpoint.ts';
import { ParentPathError } from '../errors.ts';
import { type ListFormat, pairsOf } from '../list-values.ts';
import { RawJson, setOwn } from '../raw-json.ts';
import type { RequestDraft } from '../request-draft.ts';
import { written } from './formats.ts';
import { encodedQuery, segmentProblem } from './path-segment.ts';
import { TemplatePathError } from './template-errors.ts';
import { standsFor, type TemplateScope } from './variables.ts';

/** The parts of a request in which placeholders may stand. */
export interface RequestTexts {
  readonly method: 'GET' | 'POST';
  readonly endpoint: string;
  /** Values that are references to secrets are sent in another way. */
  readonly params: Readonly<Record<string, unknown>>;
  /** By names in lower case. Those without placeholders are sent with every request, and are not filled here. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly body_format?: 'json' | 'form' | undefined;
  readonly array_format?: ListFormat | undefined;
}

/** Every placeholder of a request. */
export function placeholdersIn({ body, endpoint, headers, params }: RequestTexts): readonly Placeholder[] {
  const found: Placeholder[] = [...placeholdersOf(endpoint)];
  const look = (value: unknown): void => {
    if (typeof value === 'string') found.push(...placeholdersOf(value));
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) look(inner);
  };
  look(Object.values(params).filter((value) => typeof value === 'string' || Array.isArray(value)));
  look(Object.values(headers).filter((value) => typeof value === 'string'));
  look(body);
  return found;
}

/** A text without placeholders as it is sent; undefined where it has some. */
export function fixedText(text: string): string | undefined {
  const parts = parseTemplate(text);
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
}

/** A request of which parts are filled in for each page, window and parent. */
export class RequestTemplate {
  readonly #texts: RequestTexts;
  readonly #baseUrl: string | undefined;
  /** What it is filled from. */
  readonly uses: ReadonlySet<VariableName>;

  constructor(texts: RequestTexts, baseUrl: string | undefined) {
    this.#texts = texts;
    this.#baseUrl = baseUrl;
    this.uses = new Set(placeholdersIn(texts).map(({ name }) => name));
  }

  /**
   * The request for what the scope says. Each value is encoded for its place.
   *
   * @throws {TemplateValueError} {TemplatePathError} {ParentPathError}
   */
  fill(scope: TemplateScope): RequestDraft {
    const { array_format: lists = 'repeated', body, body_format, endpoint, headers, method, params } = this.#texts;
    const url = endpointUrl(this.#baseUrl, filledEndpoint(endpoint, scope));
    for (const [name, value] of Object.entries(params)) {
      // Objects are references to secrets.
      const filled = typeof value === 'object' && !Array.isArray(value) ? undefined : filledDeep(value, scope);
      if (filled === undefined) continue;
      if (Array.isArray(filled)) url.searchParams.delete(name);
      for (const [key, text] of pairsOf(name, filled, lists)) {
        if (Array.isArray(filled)) url.searchParams.append(key, text);
        else url.searchParams.set(key, text);
      }
    }
    const draft: RequestDraft = {
      method,
      url,
      headers: {},
      body: method === 'POST' ? {} : undefined,
      form: body_format === 'form' ? lists : undefined,
    };
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string' && fixedText(value) === undefined) draft.headers[name] = filledText(value, scope);
    }
    if (draft.body !== undefined && body !== undefined) fillMembers(draft.body, body, scope);
    return draft;
  }
}

/** The endpoint with the values in it, each as one segment of the path, or part of one. */
function filledEndpoint(endpoint: string, scope: TemplateScope): string {
  let inQuery = false;
  return parseTemplate(endpoint)
    .map((part) => {
      if (typeof part === 'string') {
        inQuery ||= part.includes('?');
        return part;
      }
      const value = textOf(part, scope);
      if (inQuery) return encodedQuery(value);
      const problem = segmentProblem(value);
      if (problem === undefined) return encodeURIComponent(value);
      const what = `the value of ${part.name === 'parent' ? `"${part.member}"` : part.text} ${problem}`;
      throw part.name === 'parent' ? new ParentPathError(endpoint, what) : new TemplatePathError(endpoint, what);
    })
    .join('');
}

/** A text that is nothing but a placeholder becomes the value itself, so that numbers stay numbers; undefined: it is left out. */
function filledValue(value: unknown, scope: TemplateScope): unknown {
  if (typeof value !== 'string') return value;
  const parts = parseTemplate(value);
  const [only] = parts;
  if (parts.length !== 1 || only === undefined || typeof only === 'string') return filledText(value, scope);
  const found = standsFor(scope, only);
  if (found === undefined) return undefined;
  return found.kind === 'list' ? listOf(found.items) : written(found, only);
}

/** The values of a batch: an array in a body, and separated by commas elsewhere. */
function listOf(items: readonly string[]): RawJson {
  return new RawJson(`[${items.join(',')}]`, items.map((item) => new RawJson(item).plain).join(','));
}

function filledText(text: string, scope: TemplateScope): string {
  return parseTemplate(text)
    .map((part) => (typeof part === 'string' ? part : textOf(part, scope)))
    .join('');
}

function textOf(placeholder: Placeholder, scope: TemplateScope): string {
  const value = standsFor(scope, placeholder);
  if (value === undefined) return '';
  return value.kind === 'list' ? listOf(value.items).plain : written(value, placeholder).plain;
}

function filledDeep(value: unknown, scope: TemplateScope): unknown {
  if (Array.isArray(value)) return value.map((item) => filledDeep(item, scope)).filter((item) => item !== undefined);
  if (typeof value !== 'object' || value === null) return filledValue(value, scope);
  const members: Record<string, unknown> = {};
  fillMembers(members, value, scope);
  return members;
}

function fillMembers(into: Record<string, unknown>, from: object, scope: TemplateScope): void {
  for (const [name, value] of Object.entries(from)) {
    const filled = filledDeep(value, scope);
    if (filled !== undefined) setOwn(into, name, filled);
  }
}
