import { quoteText } from '../../duckdb/quote.ts';

/** How values look as text: patterns of RE2, to be matched from end to end. */
export const forms = {
  /** No leading zeros, no plus: the text comes back as it was. */
  wholeNumber: '0|-?[1-9][0-9]*',
  decimal: '-?(?:0|[1-9][0-9]*)?\\.[0-9]+|0|-?[1-9][0-9]*|-0',
  anyNumber: '[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?',
  canonicalNumber: '-?(?:(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?',
  notFinite: '[+-]?(?i:nan|inf|infinity)',
  date: '(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])',
  time: '(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6})?)?',
  zone: 'Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?',
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
 * A SQL expression: the significant digits of a number's text, without zeros at either end. Two decimal texts of one
 * double are the same number when these and their magnitude agree.
 */
export function significantDigits(text: string): string {
  return `trim(regexp_replace(regexp_replace(${text}, '[eE].*$', ''), '[^0-9]', '', 'g'), '0')`;
}

/** SQL expressions: how many digits a plain decimal's text has before and behind the point. */
export function digitCounts(text: string): { readonly whole: string; readonly fraction: string } {
  const point = `nullif(instr(${text}, '.'), 0)`;
  return {
    whole: `coalesce(${point} - 1, strlen(${text})) - CASE WHEN starts_with(${text}, '-') THEN 1 ELSE 0 END`,
    fraction: `coalesce(strlen(${text}) - ${point}, 0)`,
  };
}

/** A SQL expression: a timestamp's text with seconds and a zone as DuckDB reads it; `12:00Z` becomes `12:00:00+00:00`. */
export function zoned(text: string): string {
  return `CASE WHEN ${text}[17:17] = ':' THEN ${text} ELSE regexp_replace(${text}, '^(.{16})', '\\1:00') END`;
}

/**
 * A SQL expression: a plain decimal's text as a DECIMAL, NULL where it does not fit. DuckDB reads wide decimals from
 * text 200 times slower than those of 18 digits (5 s a million), so short texts take the narrow way first.
 */
export function castDecimal(text: string, precision: number, scale: number): string {
  const wide = `TRY_CAST(${text} AS DECIMAL(${precision},${scale}))`;
  if (precision <= 18 || scale > 12) {
    return wide;
  }
  const narrow = `TRY_CAST(${text} AS DECIMAL(18,${scale}))`;
  return `CASE WHEN length(${text}) <= ${18 - scale} THEN ${narrow}::DECIMAL(${precision},${scale}) ELSE ${wide} END`;
}

/** How numbers are written in a source. */
export interface NumberStyle {
  readonly decimal: string;
  readonly thousands?: string | undefined;
}

/** A SQL expression: the number's text with a decimal point and without separators; NULL for what is not in the style. */
export function plainNumber(text: string, style: NumberStyle): string {
  if (style.decimal === '.' && (style.thousands === undefined || style.thousands === '')) {
    return text;
  }
  const point = escapeForm(style.decimal);
  const group = style.thousands === undefined || style.thousands === '' ? undefined : escapeForm(style.thousands);
  const whole = group === undefined ? '[0-9]+' : `(?:[0-9]{1,3}(?:${group}[0-9]{3})+|[0-9]+)`;
  const form = `[+-]?(?:${whole}(?:${point}[0-9]*)?|${point}[0-9]+)(?:[eE][+-]?[0-9]{1,4})?`;
  const ungrouped = group === undefined ? text : `replace(${text}, ${quoteText(style.thousands ?? '')}, '')`;
  return `CASE WHEN ${hasForm(text, form)} THEN replace(${ungrouped}, ${quoteText(style.decimal)}, '.') END`;
}

function escapeForm(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
