import { textOf } from './json-value.ts';

/** A JSON value as the text it had in a response, which goes back with every digit: JavaScript's numbers lose those beyond 2^53. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** As it stands in a query or a header: a text without its quotes. */
  get plain(): string {
    return textOf(this.text) ?? this.text;
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

/** A copy of a body that can be changed. */
export function copyOf<T>(value: T): T {
  if (value instanceof RawJson || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) setOwn(copy, name, copyOf(inner));
  return copy as T;
}

/** Also a property named `__proto__` becomes one of the object's own. */
export function setOwn(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
