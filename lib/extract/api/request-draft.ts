import type { ApiSettings } from '../../config/pipeline.ts';
import type { ApiRequest } from './api-client.ts';

/** The endpoint's request without page and bounds; what all pages of a sequence share. */
export interface BaseRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ApiSettings['body'];
}

type Place = 'query' | 'header' | 'body';
type Value = string | number | boolean | null | readonly unknown[] | object;

/** A request under construction. */
export interface RequestDraft {
  readonly method: 'GET' | 'POST';
  url: URL;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown> | undefined;
}

export function draftOf(base: BaseRequest): RequestDraft {
  return {
    method: base.method,
    url: new URL(base.url),
    headers: { ...base.headers },
    body: base.method === 'POST' ? structuredClone(base.body ?? {}) : undefined,
  };
}

/** Sets a parameter where the API wants it; in the body, dots lead into objects. */
export function put(call: RequestDraft, place: Place, name: string, value: Value): void {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (place === 'query') call.url.searchParams.set(name, text);
  else if (place === 'header') call.headers[name.toLowerCase()] = text;
  else {
    let object = call.body ?? {};
    const names = name.split('.');
    for (const step of names.slice(0, -1)) {
      const inner = Object.hasOwn(object, step) ? object[step] : undefined;
      const next: Record<string, unknown> =
        typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
      setOwn(object, step, next);
      object = next;
    }
    setOwn(object, names.at(-1) ?? name, value);
  }
}

/** Also a property named `__proto__` becomes one of the object's own. */
function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/** A cursor as it goes back to the API: numbers beyond the exact ones of JavaScript go as texts. */
export function exactValue(json: string, place: Place): Value {
  if (place !== 'body' && !json.startsWith('"')) return json;
  const value = JSON.parse(json) as Value;
  return typeof value === 'number' && String(value) !== json ? json : value;
}

/** The request as it is sent. */
export function finish(call: RequestDraft): ApiRequest {
  return {
    method: call.method,
    url: call.url,
    headers: call.headers,
    body: call.body === undefined ? undefined : JSON.stringify(call.body),
  };
}
