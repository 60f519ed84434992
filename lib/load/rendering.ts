import type { DuckDBValue } from '@duckdb/node-api';
import { quoteName } from '../duckdb/quote.ts';
import type { Column } from '../manifest.ts';

export type RenderedRow = Readonly<Record<string, DuckDBValue>>;

/** For a statement with parameters: one PostgreSQL array literal per column, each of as many elements as there are rows. */
export interface Arrays {
  readonly form: 'arrays';
  readonly arrays: readonly string[];
}

/** SQL of the arrays of the rows that it is asked for: aggregates, which rows enter in any order, the same one for all. */
export function selectArrays(columns: readonly Column[]): string {
  return columns.map((column, index) => `'{' || string_agg(${element(column)}, ',') || '}' AS c${index}`).join(', ');
}

/** What `selectArrays` gave. */
export function readArrays(row: RenderedRow, columns: readonly Column[]): Arrays {
  return { form: 'arrays', arrays: columns.map((_, index) => String(row[`c${index}`])) };
}

/** The rows of all of them, one behind the other. */
export function joinArrays(parts: readonly Arrays[]): Arrays {
  const arrays = (parts[0]?.arrays ?? []).map((_, index) =>
    joinedLiteral(parts.map((part) => part.arrays[index] ?? '{}')),
  );
  return { form: 'arrays', arrays };
}

/** One array literal of the elements of several, none of which is empty; joined once, for it may have megabytes. */
function joinedLiteral(literals: readonly string[]): string {
  const last = literals.length - 1;
  return literals.map((text, index) => text.slice(index === 0 ? 0 : 1, index === last ? undefined : -1)).join(',');
}

/** A column's value as PostgreSQL reads it. */
export function textOf(column: Column): string {
  return `CAST(${quoteName(column.name)} AS VARCHAR)`;
}

/** Types whose text never holds a character that an array literal has to quote. */
const plainTypes = /^(smallint|integer|bigint|numeric|boolean|date|uuid|real|double precision)/;

/** A value as an element of an array literal. Most texts need no escape, and looking is cheaper than replacing. */
function element(column: Column): string {
  const text = textOf(column);
  if (plainTypes.test(column.type)) return `coalesce(${text}, 'NULL')`;
  const special = `contains(${text}, '"') OR contains(${text}, '\\')`;
  const escaped = `replace(replace(${text}, '\\', '\\\\'), '"', '\\"')`;
  return `coalesce('"' || CASE WHEN ${special} THEN ${escaped} ELSE ${text} END || '"', 'NULL')`;
}

/**
 * SQL of a row as a line of COPY's text format, without its end; no character of it ends a line. Few rows have a text that needs an escape, and looking through all texts of a
 * row at once is cheaper than through each.
 */
export function lineOf(columns: readonly Column[]): string {
  const texts = columns.filter((column) => !isPlain(column)).map(textOf);
  const fields = (written: (text: string) => string): string =>
    columns
      .map((column) => `coalesce(${isPlain(column) ? textOf(column) : written(textOf(column))}, '\\N')`)
      .join(', ');
  const plain = `concat_ws(chr(9), ${fields((text) => text)})`;
  if (texts.length === 0) return plain;
  const special = copyEscapes.map(([character]) => `contains(concat(${texts.join(', ')}), ${character})`).join(' OR ');
  const withEscapes = fields((text) =>
    copyEscapes.reduce((value, [character, escaped]) => `replace(${value}, ${character}, ${escaped})`, text),
  );
  return `CASE WHEN ${special} THEN concat_ws(chr(9), ${withEscapes}) ELSE ${plain} END`;
}

function isPlain({ type }: Column): boolean {
  return plainTypes.test(type) || type.startsWith('time');
}

/** Characters that mean something in COPY's text format, the backslash first, as SQL. */
const copyEscapes = [
  ["'\\'", "'\\\\'"],
  ['chr(9)', "'\\t'"],
  ['chr(10)', "'\\n'"],
  ['chr(13)', "'\\r'"],
] as const;
