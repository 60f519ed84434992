import type { ApiSettings } from '../../config/pipeline.ts';
import { RawJson } from './raw-json.ts';

export type ListFormat = ApiSettings['array_format'];

/** How a value is sent where there are only names and texts, as in a query or a form: by one pair, or several. */
export function pairsOf(name: string, value: unknown, format: ListFormat): readonly (readonly [string, string])[] {
  if (!Array.isArray(value)) return [[name, plainOf(value)]];
  const texts = value.map(plainOf);
  switch (format) {
    case 'repeated':
      return texts.map((text) => [name, text]);
    case 'bracketed':
      return texts.map((text) => [`${name}[]`, text]);
    case 'indexed':
      return texts.map((text, at) => [`${name}[${at}]`, text]);
    case 'commas':
      return [[name, texts.join(',')]];
  }
}

function plainOf(value: unknown): string {
  return value instanceof RawJson ? value.plain : String(value);
}
