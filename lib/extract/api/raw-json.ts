import { textOf } from './json-value.ts';

/** A JSON value as the text it had in a response, which goes back with every digit: JavaScript's numbers lose those beyond 2^53. */
export class RawJson {
  readonly text: string;
  readonly #plain: string | undefined;

  /** @param plain  what stands in a query or a header, where that is not the text without its quotes */
  constructor(text: string, plain?: string | undefined) {
    this.text = text;
    this.#plain = plain;
  }

  /** As it stands in a query or a header: a text without its quotes. */
  get plain(): string {
    return this.#plain ?? textOf(this.text) ?? this.text;
  }
}

/** A value of a body as JSON, raw values as they are. */
export function jsonText(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${jsonText(inner)}`).join(',')}}`;
}

/** Also a property named `__proto__` becomes one of the object's own. */
export function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
