import { quoteText } from '../../duckdb/quote.ts';
import { checkedJson } from '../read/json-line.ts';
import { type ColumnType, decimalOf } from './column-type.ts';
import { castDecimal, isPlain, type NumberStyle, plainNumber, significantDigits } from './number-text.ts';
import { forms, hasForm, timestampForm, timestamptzForm, zoned } from './text-form.ts';

/** What is known of a column beside its type. */
export interface FitContext {
  readonly numbers: NumberStyle;
  /** strptime format of dates and timestamps; the only one accepted where it is given. */
  readonly dateFormat?: string | undefined;
}

/**
 * A SQL expression of the type's DuckDB type: the value of a text that is not blank, or NULL when it does not fit.
 * Nothing is rounded or cut on the way, and a number comes back as it was written, but for zeros at the end.
 */
export function fit(text: string, type: ColumnType, context: FitContext): string {
  const value = fitWhole(text, type, context);
  if (type.fraction === undefined) return value;
  // The database would round what its type has no digits for.
  const unit = 10 ** (6 - type.fraction);
  return `CASE WHEN epoch_us(${value}) % ${unit} = 0 THEN ${value} END`;
}

function fitWhole(text: string, type: ColumnType, context: FitContext): string {
  const trimmed = `trim(${text})`;
  const when = (condition: string, value: string) => `CASE WHEN ${condition} THEN ${value} END`;
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint': {
      const number = plainNumber(trimmed, context.numbers);
      return when(
        `coalesce(${hasForm(number, '-?(?:0|[1-9][0-9]*)(?:\\.0*)?')}, false)`,
        `TRY_CAST(regexp_replace(${number}, '\\.0*$', '') AS ${type.duck})`,
      );
    }
    case 'numeric':
      return fitNumeric(plainNumber(trimmed, context.numbers), type);
    case 'real':
    case 'double': {
      const number = `coalesce(${plainNumber(trimmed, context.numbers)}, ${trimmed})`;
      const value = `TRY_CAST(${number} AS ${type.duck})`;
      return `CASE WHEN ${hasForm(trimmed, forms.notFinite)} THEN TRY_CAST(${trimmed} AS ${type.duck})
        WHEN ${hasForm(number, forms.anyNumber)} AND isfinite(${value}) AND ${comesBack(number, value, type)} THEN ${value} END`;
    }
    case 'boolean':
      return `CASE WHEN lower(${trimmed}) IN ('true', 't', 'yes', 'y', 'on', '1') THEN true
        WHEN lower(${trimmed}) IN ('false', 'f', 'no', 'n', 'off', '0') THEN false END`;
    case 'varchar':
      return type.length === undefined ? text : when(`length(${text}) <= ${type.length}`, text);
    case 'date': {
      if (context.dateFormat !== undefined) {
        const parsed = `try_strptime(${trimmed}, ${quoteText(context.dateFormat)})`;
        return inRange(when(`date_trunc('day', ${parsed}) = ${parsed}`, `${parsed}::DATE`), 'DATE');
      }
      return `CASE WHEN ${hasForm(trimmed, forms.date)} THEN TRY_CAST(${trimmed} AS DATE)
        WHEN ${hasForm(trimmed, `(?:${forms.date})[T ]00:00(?::00(?:\\.0+)?)?`)} THEN TRY_CAST(${trimmed}[:10] AS DATE) END`;
    }
    case 'time':
      return when(hasForm(trimmed, forms.time), `TRY_CAST(${trimmed} AS TIME)`);
    case 'timestamp': {
      if (context.dateFormat !== undefined) {
        return inRange(`try_strptime(${trimmed}, ${quoteText(context.dateFormat)})::TIMESTAMP`, 'TIMESTAMP');
      }
      // A zone of zero is dropped: such a text is the wall clock's time in UTC. Another one would shift it.
      return `CASE WHEN ${hasForm(trimmed, `(?:${timestampForm})(?:${forms.utc})?`)}
          THEN TRY_CAST(regexp_replace(${trimmed}, '(?:${forms.utc})$', '') AS TIMESTAMP)
        WHEN ${hasForm(trimmed, forms.date)} THEN TRY_CAST(${trimmed} AS TIMESTAMP) END`;
    }
    case 'timestamptz': {
      if (context.dateFormat !== undefined) {
        return inRange(`try_strptime(${trimmed}, ${quoteText(context.dateFormat)})::TIMESTAMPTZ`, 'TIMESTAMPTZ');
      }
      return `CASE WHEN ${hasForm(trimmed, timestamptzForm)} THEN TRY_CAST(${zoned(trimmed)} AS TIMESTAMPTZ)
        WHEN ${hasForm(trimmed, `${timestampForm}|${forms.date}`)} THEN TRY_CAST(${trimmed} || (CASE WHEN length(${trimmed}) = 10 THEN ' 00:00:00' ELSE '' END) || '+00:00' AS TIMESTAMPTZ) END`;
    }
    case 'uuid':
      return when(hasForm(trimmed, forms.anyUuid), `TRY_CAST(${trimmed} AS UUID)`);
    case 'jsonb':
      return when(checkedJson(text), `${text}::JSON`);
    case 'bytea':
      return when(hasForm(trimmed, '\\\\x(?:[0-9a-fA-F]{2})*'), trimmed);
    case 'text':
    case 'other':
      return text;
  }
}

/**
 * As `fit`, for a type that was inferred from these very values: every one is known to have its narrow form, so that
 * reading it is enough.
 */
export function readInferred(text: string, type: ColumnType, context: FitContext): string {
  const plain = isPlain(context.numbers);
  if (context.dateFormat === undefined) {
    switch (type.kind) {
      case 'bigint':
      case 'double':
        return plain ? `TRY_CAST(${text} AS ${type.duck})` : fit(text, type, context);
      case 'numeric': {
        const decimal = decimalOf(type.duck);
        return plain && decimal !== undefined
          ? castDecimal(text, decimal.digits, decimal.scale)
          : fit(text, type, context);
      }
      case 'boolean':
      case 'date':
      case 'timestamp':
      case 'uuid':
        return `TRY_CAST(${text} AS ${type.duck})`;
      case 'timestamptz':
        return `TRY_CAST(${zoned(text)} AS ${type.duck})`;
      default:
        return fit(text, type, context);
    }
  }
  return fit(text, type, context);
}

/** What to tell of a value that does not fit. */
export function misfit(type: ColumnType, context: FitContext): string {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return `is not a whole number in the range of ${type.pg}, written without leading zeros and plus sign`;
    case 'numeric':
      return `is not a number that fits ${type.pg} without rounding, written without leading zeros and plus sign`;
    case 'real':
    case 'double':
      return `is not a number that ${type.pg} gives back as it is written`;
    case 'varchar':
      return `is longer than ${type.pg} allows`;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return context.dateFormat === undefined
        ? `is not a ${type.pg} in ISO 8601${type.kind === 'timestamp' ? ' without a zone, or in UTC' : ''}${type.kind === 'date' ? '' : `, exact to ${type.fraction ?? 6} digits of a second`}`
        : `is not a ${type.pg} of the format ${context.dateFormat}`;
    case 'jsonb':
      return 'is not valid JSON';
    default:
      return `is not a valid ${type.pg}`;
  }
}

function fitNumeric(number: string, type: ColumnType): string {
  const precision = type.precision ?? 18;
  const scale = type.scale ?? 6;
  const whole = `length(ltrim(ltrim(split_part(${number}, '.', 1), '-'), '0'))`;
  const fraction = `length(rtrim(split_part(${number}, '.', 2), '0'))`;
  const fits = `${hasForm(number, forms.plainNumber)} AND ${whole} <= ${precision - scale} AND ${fraction} <= ${scale}`;
  if (type.duck === 'VARCHAR') {
    return `CASE WHEN ${fits} THEN ${number} END`;
  }
  // With an exponent: exact when the double has the very digits and the decimal is that double again.
  const double = `TRY_CAST(${number} AS DOUBLE)`;
  const decimal = `TRY_CAST(${number} AS ${type.duck})`;
  return `CASE WHEN ${fits} THEN ${castDecimal(number, precision, scale)}
    WHEN ${hasForm(number, forms.anyNumber)} AND length(${significantDigits(number)}) <= 15
      AND ${decimal}::DOUBLE = ${double} THEN ${decimal} END`;
}

/**
 * A SQL condition: a binary number's value gives back the digits of its text, written the shortest way or with as many
 * digits as the type always has (17, and 9 for `real`), as C's `%.17g` writes it.
 */
function comesBack(number: string, value: string, type: ColumnType): string {
  const digits = significantDigits(number);
  const long = type.kind === 'real' ? '{:.8e}' : '{:.16e}';
  return `(${digits} = ${significantDigits(`${value}::VARCHAR`)} OR ${digits} = ${significantDigits(`format('${long}', ${value})`)})`;
}

/** Years that a format can produce but PostgreSQL cannot hold are no values. */
function inRange(value: string, duck: string): string {
  return `CASE WHEN (${value}) BETWEEN '0001-01-01'::${duck} AND '9999-12-31'::${duck} + INTERVAL 1 DAY THEN ${value} END`;
}
