import type { seriesFunctions } from '../../config/business-rule.ts';

type SeriesFunction = (typeof seriesFunctions)[number];

/**
 * SQL of a pandas Series method over a column; a missing value stays missing (isna and notna answer). Undefined when
 * the method is not for the column's DuckDB type.
 */
export function seriesFunction(name: SeriesFunction, column: string, duckType: string): string | undefined {
  const text = duckType === 'VARCHAR';
  const number = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U[A-Z]*INT|UINTEGER|FLOAT|DOUBLE|DECIMAL.*)$/.test(
    duckType,
  );
  switch (name) {
    case 'abs':
      return number ? `abs(${column})` : undefined;
    case 'round':
      return number ? roundHalfEven(column, duckType) : undefined;
    case 'ceil':
    case 'floor':
      return number ? `${name}(${column})` : undefined;
    case 'lower':
      return text ? `lower(${column})` : undefined;
    case 'upper':
      return text ? upper(column) : undefined;
    case 'casefold':
      return text ? `replace(lower(${column}), 'ß', 'ss')` : undefined;
    case 'title':
      return text ? words(column) : undefined;
    case 'capitalize':
      return text ? `upper(${column}[1:1]) || lower(${column}[2:])` : undefined;
    case 'swapcase':
      return text
        ? `array_to_string(list_transform(string_split(${column}, ''), lambda c: CASE WHEN c = lower(c) THEN ${upper('c')} ELSE lower(c) END), '')`
        : undefined;
    case 'strip':
      return text ? `regexp_replace(${column}, '^[\\s\\p{Z}]+|[\\s\\p{Z}]+$', '', 'g')` : undefined;
    case 'lstrip':
      return text ? `regexp_replace(${column}, '^[\\s\\p{Z}]+', '')` : undefined;
    case 'rstrip':
      return text ? `regexp_replace(${column}, '[\\s\\p{Z}]+$', '')` : undefined;
    case 'len':
      return text
        ? `length(${column})`
        : duckType === 'JSON'
          ? `CASE json_type(${column}) WHEN 'ARRAY' THEN json_array_length(${column}) WHEN 'OBJECT' THEN len(json_keys(${column})) WHEN 'VARCHAR' THEN length(json_extract_string(${column}, '$')) END`
          : undefined;
    case 'isna':
    case 'isnull':
      return `(${column} IS NULL)`;
    case 'notna':
    case 'notnull':
      return `(${column} IS NOT NULL)`;
  }
}

/** Every run of letters begins with a capital and goes on in small letters. */
function words(column: string): string {
  return `array_to_string(list_transform(regexp_extract_all(${column}, '\\p{L}+|[^\\p{L}]+'), lambda w: upper(w[1:1]) || lower(w[2:])), '')`;
}

/** As pandas rounds; a decimal stays one. */
function roundHalfEven(column: string, duckType: string): string {
  if (duckType === 'FLOAT' || duckType === 'DOUBLE') {
    return `round_even(${column}, 0)`;
  }
  if (!duckType.startsWith('DECIMAL')) {
    return column;
  }
  const whole = `trunc(${column})::DECIMAL(38,0)`;
  return `CASE WHEN abs(${column} - ${whole}) = 0.5 AND ${whole} % 2 = 0 THEN ${whole} ELSE round(${column})::DECIMAL(38,0) END`;
}

/** DuckDB's upper knows no letter that becomes two; ß is the common one. */
function upper(text: string): string {
  return `upper(replace(${text}, 'ß', 'SS'))`;
}
