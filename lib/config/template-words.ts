/** What a `{…}` in an endpoint, a parameter, a header or a body may name. */
interface Variable {
  /** What its value is, which says how it may be written. */
  readonly value: 'time' | 'count' | 'text' | 'list';
  /** What stands behind a dot: nothing, one of some names, any name, or any name or nothing. */
  readonly member: 'none' | 'any' | 'optional' | readonly string[];
  /** What may be added or taken away: a length of time (`now-3d`), or a number (`offset+1`). */
  readonly shift: 'duration' | 'number' | 'none';
}

/** One entry for each variable; `lib/extract/api/template/variables.ts` has their values. */
export const templateVariables = {
  watermark: { value: 'time', member: 'none', shift: 'duration' },
  window: { value: 'time', member: ['start', 'end'], shift: 'duration' },
  now: { value: 'time', member: 'none', shift: 'duration' },
  run: { value: 'text', member: 'none', shift: 'none' },
  page: { value: 'count', member: 'none', shift: 'number' },
  offset: { value: 'count', member: 'none', shift: 'number' },
  limit: { value: 'count', member: 'none', shift: 'none' },
  cursor: { value: 'text', member: 'none', shift: 'none' },
  parent: { value: 'text', member: 'any', shift: 'none' },
  batch: { value: 'list', member: 'optional', shift: 'none' },
  job: { value: 'text', member: 'any', shift: 'none' },
  env: { value: 'text', member: 'any', shift: 'none' },
  secret: { value: 'text', member: 'any', shift: 'none' },
} as const satisfies Readonly<Record<string, Variable>>;

export type VariableName = keyof typeof templateVariables;

/** How a value may be written, and of what: times, or values of every kind. */
interface Format {
  readonly of: 'time' | 'any';
}

/** One entry for each format; `lib/extract/api/template/formats.ts` writes them. Directives of strptime are one more. */
export const templateFormats = {
  iso8601: { of: 'time' },
  date: { of: 'time' },
  epoch_seconds: { of: 'time' },
  epoch_milliseconds: { of: 'time' },
  http_date: { of: 'time' },
  number: { of: 'any' },
  text: { of: 'any' },
  json: { of: 'any' },
  single_quoted: { of: 'any' },
  backslash_quoted: { of: 'any' },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof templateFormats;

export function isVariable(name: string): name is VariableName {
  return Object.hasOwn(templateVariables, name);
}

export function isFormat(name: string): name is FormatName {
  return Object.hasOwn(templateFormats, name);
}
