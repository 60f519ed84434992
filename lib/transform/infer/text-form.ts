import { quoteText } from '../../duckdb/quote.ts';

/** How values look as text: patterns of RE2, to be matched from end to end. */
export const forms = {
  /** No leading zeros, no plus: the text comes back as it was. */
  wholeNumber: '0|-?[1-9][0-9]*',
  decimal: '-?(?:0|[1-9][0-9]*)?\\.[0-9]+|0|-?[1-9][0-9]*|-0',
  /** A number that a numeric column gives back: leading zeros and a plus sign are of codes and of phone numbers. */
  plainNumber: '-?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]*)?|\\.[0-9]+)',
  anyNumber: '-?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?',
  /** The same without an exponent, and with a digit behind each point. */
  plainDecimal: '-?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?|\\.[0-9]+)',
  canonicalNumber: '-?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?',
  notFinite: '[+-]?(?i:nan|inf|infinity)',
  date: '(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])',
  /** Digits behind the sixth, which are microseconds, may only be zeros: .NET writes seven and Snowflake nine. */
  time: '(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6}0*)?)?',
  zone: ' ?(?:Z|UTC|GMT|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)',
  /** A zone that is UTC's. */
  utc: ' ?(?:Z|UTC|GMT|[+-]00(?::?00)?)',
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  anyUuid: '(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})',
} as const;

export const timestampForm = `(?:${forms.date})[T ](?:${forms.time})`;
export const timestamptzForm = `${timestampForm}(?:${forms.zone})`;

/**
 * A SQL condition: the text is neither NULL nor blank. Nearly every text begins with a character behind the blank, and
 * comparing that is many times cheaper than trimming.
 */
export function isGiven(text: string): string {
  return `(${text} >= '!' OR trim(${text}) <> '')`;
}

/** A SQL condition: the text has this form from its first character to its last. */
export function hasForm(text: string, form: string): string {
  return `regexp_full_match(${text}, ${quoteText(form)})`;
}

/**
 * A SQL expression: a timestamp's text with seconds, and with its zone as DuckDB reads it; `12:00 +01` becomes
 * `12:00:00+01`.
 */
export function zoned(text: string): string {
  const usual = `${text}[17:17] = ':' AND NOT contains(${text}, ' +') AND NOT contains(${text}, ' -')`;
  const joined = `regexp_replace(${text}, ' ([+-])', '\\1')`;
  return `CASE WHEN ${usual} THEN ${text} ELSE regexp_replace(${joined}, '^(.{16})([^:]|$)', '\\1:00\\2') END`;
}

/** Bytes of the longest text that can be anything but a text: a numeric of 1,000 digits. */
const longestValue = 1_024;

/**
 * A SQL expression: the text itself, or of one too long to be anything but a text its beginning and a mark that no other
 * type has; matching forms against megabytes takes seconds a row.
 */
export function withoutLength(text: string): string {
  return `CASE WHEN ${isShort(text)} THEN ${text} ELSE left(${text}, 40) || '…' END`;
}

/** A SQL condition: the text is not too long to be anything but a text. */
export function isShort(text: string): string {
  return `coalesce(strlen(${text}) <= ${longestValue}, true)`;
}
