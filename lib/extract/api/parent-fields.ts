import { parseJsonPath } from '../../config/json-path.ts';
import { parentPlaceholder } from '../../config/parent-placeholder.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { ParentSettings } from '../../config/source-parent.ts';
import { ownValue } from '../../own-value.ts';
import { fieldPath, fieldReader, memberPath } from '../json/field-reader.ts';
import { endpointUrl } from './endpoint.ts';
import { ParentFieldCollisionError, ParentFieldMissingError, ParentPathError } from './errors.ts';
import { RawJson } from './raw-json.ts';
import type { BaseRequest } from './request-draft.ts';

/** Fields of one parent by their names, as JSON text. */
export type ParentFields = Readonly<Record<string, string>>;

/** The fields of a parent that its rows' requests and columns need. */
export function neededFields(settings: ApiSettings, parent: ParentSettings): readonly string[] {
  const text = [settings.endpoint, JSON.stringify(settings.params), JSON.stringify(settings.body ?? {})].join('\n');
  const used = [...text.matchAll(parentPlaceholder)].map((match) => match[1] ?? '');
  return [...new Set([...used, ...Object.values(parent.include)])];
}

/**
 * Reads the needed fields of a parent's row.
 *
 * @returns  a function that throws {@link ParentFieldMissingError} when a field is absent, null or no plain value
 */
export function parentReader(names: readonly string[], endpoint: string): (line: Buffer) => ParentFields {
  const read = fieldReader(Object.fromEntries(names.map((name) => [name, fieldPath(name, parseJsonPath)])));
  return (line) => {
    const found = read(line);
    const fields = new Map<string, string>();
    for (const name of names) {
      const json = found.get(name);
      if (json === undefined || /^(null$|\{|\[)/.test(json)) throw new ParentFieldMissingError(endpoint, name);
      fields.set(name, json);
    }
    return Object.fromEntries(fields);
  };
}

/** The request for one parent's rows: `{parent.field}` stands for the field's value. */
export function parentRequest(
  base: BaseRequest,
  settings: ApiSettings,
  baseUrl: string | undefined,
  fields: ParentFields,
): BaseRequest {
  const url = endpointUrl(baseUrl, filledEndpoint(settings.endpoint, fields));
  // The endpoint's own query is part of the base; a name may stand in it several times.
  url.search = '';
  for (const [name, value] of base.url.searchParams) url.searchParams.append(name, filled(value, fields));
  return {
    ...base,
    url,
    body: base.body === undefined ? undefined : filledMembers(base.body, fields),
  };
}

/**
 * The endpoint with the parent's values in it, each as one segment of the path, or part of one.
 *
 * @throws {ParentPathError} when a value would add, remove or step out of segments, here or at a server that decodes
 *   the path once more
 */
function filledEndpoint(endpoint: string, fields: ParentFields): string {
  const queryAt = endpoint.indexOf('?');
  const path = queryAt === -1 ? endpoint : endpoint.slice(0, queryAt);
  const filled = path.replace(parentPlaceholder, (_all, name: string) => {
    const value = plain(ownValue(fields, name));
    const problem = segmentProblem(value);
    if (problem !== undefined) throw new ParentPathError(endpoint, `the value of "${name}" ${problem}`);
    return encodeURIComponent(value);
  });
  const query = queryAt === -1 ? '' : endpoint.slice(queryAt);
  return filled + query.replace(parentPlaceholder, (_all, name: string) => encodedQuery(plain(ownValue(fields, name))));
}

/** What keeps a value from being a segment of a path; undefined where nothing does. */
function segmentProblem(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (loneSurrogate.test(value)) return 'has half of a character';
  let decoded = value;
  for (let round = 0; round < maxDecodings; round += 1) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(decoded)) return 'has a control character';
    if (decoded.split(/[/\\]/).some(isDots)) return 'is "." or "..", or has it between slashes';
    const next = percentDecoded(decoded);
    if (next === decoded) return undefined;
    decoded = next;
  }
  return 'is percent-encoded again and again';
}

/** Half of a UTF-16 pair, which JSON can write and UTF-8 cannot. */
const loneSurrogate = /\p{Surrogate}/u;

/** More than any server decodes a path. */
const maxDecodings = 8;

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/** Bytes that are no UTF-8 are left as they are. */
function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run.replaceAll(/%([0-7][0-9A-Fa-f])/g, (_all, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
    }
  });
}

function encodedQuery(value: string): string {
  return encodeURIComponent(value.replaceAll(new RegExp(loneSurrogate, 'gu'), '\ufffd'));
}

/** Adds fields of the parent to a row. */
export function rowWithParent(
  include: Readonly<Record<string, string>>,
): (line: Buffer, fields: ParentFields) => Buffer {
  const columns = Object.entries(include);
  if (columns.length === 0) return (line) => line;
  const present = fieldReader(Object.fromEntries(columns.map(([column]) => [column, memberPath(column)])));
  return (line, fields) => {
    const taken = present(line).keys().next().value;
    if (taken !== undefined) throw new ParentFieldCollisionError(taken);
    const added = columns
      .map(([column, field]) => `${JSON.stringify(column)}:${ownValue(fields, field) ?? 'null'}`)
      .join(',');
    const rest = line.subarray(1);
    const empty = rest.toString('latin1', 0, 64).trimStart().startsWith('}');
    return Buffer.concat([Buffer.from(`{${added}${empty ? '' : ','}`), rest]);
  };
}

function plain(json: string | undefined): string {
  if (json === undefined) return '';
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function filled(text: string, fields: ParentFields): string {
  return text.replace(parentPlaceholder, (_all, name: string) => plain(ownValue(fields, name)));
}

/** A text that is nothing but a placeholder becomes the value itself, so that numbers stay numbers. */
function filledDeep(value: unknown, fields: ParentFields): unknown {
  if (typeof value === 'string') {
    const [match] = value.matchAll(parentPlaceholder);
    const whole = match?.[0] === value ? match[1] : undefined;
    const json = whole === undefined ? undefined : ownValue(fields, whole);
    if (json === undefined) return filled(value, fields);
    return new RawJson(json);
  }
  if (Array.isArray(value)) return value.map((item) => filledDeep(item, fields));
  if (typeof value === 'object' && value !== null) {
    return filledMembers(value, fields);
  }
  return value;
}

function filledMembers(object: object, fields: ParentFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, filledDeep(item, fields)]));
}
