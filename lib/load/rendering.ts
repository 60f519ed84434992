import { DuckDBBlobValue, type DuckDBValue } from '@duckdb/node-api';
import { quoteName } from '../duckdb/quote.ts';
import type { Column } from '../manifest.ts';

export type RenderedRow = Readonly<Record<string, DuckDBValue>>;

/** How the rows of a batch are made ready for the database, in DuckDB. */
export interface Rendering<B> {
  /** Aggregates over the rows of a batch; they enter all of them together, and in any order. */
  readonly select: (columns: readonly Column[]) => string;
  /** What the aggregates gave. */
  readonly read: (row: RenderedRow, columns: readonly Column[]) => B;
}

/** For a statement with parameters: one PostgreSQL array literal per column, each of as many elements as there are rows. */
export interface Arrays {
  readonly form: 'arrays';
  readonly arrays: readonly string[];
}

/** For COPY: a line of its text format per row, UTF-8. */
export interface Lines {
  readonly form: 'lines';
  readonly lines: Uint8Array;
}

export const asArrays: Rendering<Arrays> = {
  select: (columns) =>
    columns.map((column, index) => `'{' || string_agg(${element(column)}, ',') || '}' AS c${index}`).join(', '),
  read: (row, columns) => ({ form: 'arrays', arrays: columns.map((_, index) => String(row[`c${index}`])) }),
};

export const asLines: Rendering<Lines> = {
  select: (columns) =>
    `encode(string_agg(concat_ws(chr(9), ${columns.map(field).join(', ')}), chr(10)) || chr(10)) AS lines`,
  read: ({ lines }) => {
    if (!(lines instanceof DuckDBBlobValue)) throw new TypeError('The lines of a batch are no bytes.');
    return { form: 'lines', lines: lines.bytes };
  },
};

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

/** A value as a field of COPY's text format. */
function field(column: Column): string {
  const text = textOf(column);
  if (plainTypes.test(column.type) || column.type.startsWith('time')) return `coalesce(${text}, '\\N')`;
  const special = copyEscapes.map(([character]) => `contains(${text}, ${character})`).join(' OR ');
  const escaped = copyEscapes.reduce(
    (value, [character, written]) => `replace(${value}, ${character}, ${written})`,
    text,
  );
  return `coalesce(CASE WHEN ${special} THEN ${escaped} ELSE ${text} END, '\\N')`;
}

/** Characters that mean something in COPY's text format, the backslash first, as SQL. */
const copyEscapes = [
  ["'\\'", "'\\\\'"],
  ['chr(9)', "'\\t'"],
  ['chr(10)', "'\\n'"],
  ['chr(13)', "'\\r'"],
] as const;
