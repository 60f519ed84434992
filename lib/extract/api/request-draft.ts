import type { ApiRequest } from './api-client.ts';
import { type ListFormat, pairsOf } from './list-values.ts';
import { jsonText, RawJson, setOwn } from './raw-json.ts';

type Place = 'query' | 'header' | 'body';
type Value = string | number | RawJson;

/** A request under construction. */
export interface RequestDraft {
  readonly method: 'GET' | 'POST';
  url: URL;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown> | undefined;
  /** Set where the body is a form, of which the members are pairs; else it is JSON. */
  readonly form?: ListFormat | undefined;
}

/** Sets a parameter where the API wants it; in the body, dots lead into objects. */
export function put(call: RequestDraft, place: Place, name: string, value: Value): void {
  const text = value instanceof RawJson ? value.plain : String(value);
  if (place === 'query') call.url.searchParams.set(name, text);
  else if (place === 'header') call.headers[name.toLowerCase()] = text;
  else if (call.form !== undefined) setOwn(call.body ?? {}, name, value);
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

/** The request as it is sent. */
export function finish(call: RequestDraft): ApiRequest {
  return {
    method: call.method,
    url: call.url,
    headers: call.headers,
    ...bodyOf(call),
  };
}

function bodyOf({ body, form }: RequestDraft): Pick<ApiRequest, 'body' | 'contentType'> {
  if (body === undefined) return { body: undefined };
  if (form === undefined) return { body: jsonText(body) };
  const pairs = Object.entries(body).flatMap(([name, value]) => pairsOf(name, value, form));
  const encoded = new URLSearchParams();
  for (const [name, text] of pairs) encoded.append(name, text);
  return {
    body: encoded.toString(),
    contentType: 'application/x-www-form-urlencoded',
  };
}
