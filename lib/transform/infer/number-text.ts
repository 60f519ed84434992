import { quoteText } from '../../duckdb/quote.ts';
import { hasForm } from './text-form.ts';

/** How numbers are written in a source. */
export interface NumberStyle {
  readonly decimal: string;
  readonly thousands?: string | undefined;
}

/** Whether numbers are written as SQL writes them. */
export function isPlain({ decimal, thousands }: NumberStyle): boolean {
  return decimal === '.' && (thousands ?? '') === '';
}

/** A SQL expression: the number's text with a decimal point and without separators; NULL for what is not in the style. */
export function plainNumber(text: string, style: NumberStyle): string {
  if (isPlain(style)) return text;
  const point = escapeForm(style.decimal);
  const group = style.thousands === undefined || style.thousands === '' ? undefined : escapeForm(style.thousands);
  const whole = group === undefined ? '[0-9]+' : `(?:[0-9]{1,3}(?:${group}[0-9]{3})+|[0-9]+)`;
  const form = `[+-]?(?:${whole}(?:${point}[0-9]*)?|${point}[0-9]+)(?:[eE][+-]?[0-9]{1,4})?`;
  const ungrouped = group === undefined ? text : `replace(${text}, ${quoteText(style.thousands ?? '')}, '')`;
  return `CASE WHEN ${hasForm(text, form)} THEN replace(${ungrouped}, ${quoteText(style.decimal)}, '.') END`;
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

function escapeForm(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
