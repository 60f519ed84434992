/**
 * DuckDB's JSON is laxer than the standard (trailing commas, NaN, Infinity), keeps 17 digits of a number with a decimal
 * point, and writes numbers its own way (2.5 for 2.50, 1e-7 for 0.0000001, 0 for -0). Lines that may be concerned are
 * found by one cheap pattern; only those are looked at closely.
 */

const text = `"(?:[^"\\\\]|\\\\.)*"`;
const exactNumber = '-?[0-9]+(?:\\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)|-0';

const mayBeLax = String.raw`,\s*[}\]]|[:\[,]\s*-?(?:[Nn][Aa]|[Ii][Nn])`;
const mayBeChanged = String.raw`[:\[,]\s*-?(?:[0-9.]{17,}|[0-9.]+[eE]|[0-9]+\.(?:[0-9]+0[\s,}\]]|000000))|-0\s*[,}\]]`;
/** The end of a member's name in a line without escapes: a quote that opens a text stands behind one of the characters left out. */
const closingQuote = String.raw`([^\s:\[,{]"\s*:\s*)`;
const nulEscape = String.raw`(?:^|[^\\])(?:\\\\)*\\u0000`;
const surrogate = String.raw`\\u[dD][89abAB]`;

const reasons = [
  '',
  'the row is not valid JSON',
  'the row is not a JSON object',
  'a text holds a NUL character (\\u0000), which no text of the target can hold',
  'the row is not valid JSON: a text holds half of a surrogate pair',
  'the row is not valid JSON: a comma stands before a closing bracket, or NaN or Infinity stands for a number',
  'the object has a key twice',
] as const;

/** Why a line was refused; `code` as `checkedLine` gives it. */
export function reasonOf(code: number): string {
  return reasons[code] ?? 'the row cannot be read';
}

/** A SQL expression over a line: 0 for a JSON object that can be read, else the code of a reason. */
export function checkedLine(line: string): string {
  return `CASE
    WHEN NOT json_valid(${line}) THEN CASE WHEN regexp_matches(${line}, '${surrogate}') THEN 4 ELSE 1 END
    WHEN NOT regexp_matches(${line}, '^\\s*\\{') THEN 2
    WHEN contains(${line}, '\\u0000') AND regexp_matches(${line}, '${nulEscape}') THEN 3
    WHEN regexp_matches(${line}, '${mayBeLax}')
      AND regexp_matches(regexp_replace(${line}, '${text}', '""', 'g'), '${mayBeLax}') THEN 5
    WHEN len(list_distinct(json_keys(${line}))) < len(json_keys(${line})) THEN 6
    ELSE 0 END::TINYINT`;
}

/**
 * A SQL expression: the line with every number that DuckDB might write otherwise as a text that begins with NUL, which
 * no text of a readable line does. Strings are matched first, so nothing inside them is taken for a number.
 */
export function exactLine(line: string): string {
  const members = `regexp_replace(${line}, '${closingQuote}(${exactNumber})', '\\1"\\\\u0000\\2"', 'g')`;
  const marked = `regexp_replace(${line}, '(${text})|(${exactNumber})', '\\1\x01\\2\x02', 'g')`;
  const quoted = `replace(replace(replace(${marked}, '\x01\x02', ''), '\x01', '"\\u0000'), '\x02', '"')`;
  // In a line without escapes the members of objects are found by their names' quotes, which takes a fifth of the time.
  return `CASE
    WHEN NOT regexp_matches(${line}, '${mayBeChanged}') THEN ${line}
    WHEN contains(${line}, '\\') OR regexp_matches(${members}, '${mayBeChanged}') THEN ${quoted}
    ELSE ${members} END`;
}

/** A SQL expression over a cell of an `exactLine`: the JSON text of the source; NULL for null and for no value. */
export function plainCell(cell: string): string {
  const restored = `regexp_replace(${cell}, '"\\\\u0000([^"]*)"', '\\1', 'g')`;
  return `nullif(CASE WHEN contains(${cell}, '"\\u0000') THEN ${restored} ELSE ${cell} END, 'null')`;
}

/** A SQL expression over a cell: its text without quotes and escapes for a string, as it stands otherwise. */
export function cellText(cell: string): string {
  return `CASE WHEN NOT starts_with(${cell}, '"') THEN ${cell}
    WHEN contains(${cell}, '\\') THEN json_extract_string(${cell}, '$')
    ELSE substr(${cell}, 2, length(${cell}) - 2) END`;
}

/** A SQL condition over a text: it is a JSON value that PostgreSQL's jsonb can hold. */
export function checkedJson(value: string): string {
  return `(json_valid(${value})
    AND NOT (contains(${value}, '\\u0000') AND regexp_matches(${value}, '${nulEscape}'))
    AND NOT (regexp_matches(${value}, '${mayBeLax}|^\\s*-?(?:[Nn][Aa]|[Ii][Nn])')
      AND regexp_matches(regexp_replace(${value}, '${text}', '""', 'g'), '${mayBeLax}|^\\s*-?(?:[Nn][Aa]|[Ii][Nn])')))`;
}
