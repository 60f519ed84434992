import type { ApiRequest } from './api-client.ts';
import { jsonText, RawJson, setOwn } from './raw-json.ts';

type Place = 'query' | 'header' | 'body';
type Value = string | number | RawJson;

/** A request under construction. */
export interface RequestDraft {
  readonly method: 'GET' | 'POST';
  url: URL;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown> | undefined;
}

/** Sets a parameter where the API wants it; in the body, dots lead into objects. */
export function put(call: RequestDraft, place: Place, name: string, value: Value): void {
  const text = value instanceof RawJson ? value.plain : String(value);
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

/** The request as it is sent. */
export function finish(call: RequestDraft): ApiRequest {
  return {
    method: call.method,
    url: call.url,
    headers: call.headers,
    body: call.body === undefined ? undefined : jsonText(call.body),
  };
}
