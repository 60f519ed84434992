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
  /** The rows of all of them, one behind the other. */
  readonly join: (parts: readonly B[]) => B;
}

/** For a statement with parameters: one PostgreSQL array literal per column, each of as many elements as there are rows. */
export interface Arrays {
  readonly form: 'arrays';
  readonly arrays: readonly string[];
}

/** For COPY: a line of its text format per row, UTF-8, in pieces that follow each other. */
export interface Lines {
  readonly form: 'lines';
  readonly lines: readonly Uint8Array[];
}

export const asArrays: Rendering<Arrays> = {
  select: (columns) =>
    columns.map((column, index) => `'{' || string_agg(${element(column)}, ',') || '}' AS c${index}`).join(', '),
  read: (row, columns) => ({ form: 'arrays', arrays: columns.map((_, index) => String(row[`c${index}`])) }),
  join: (parts) => ({
    form: 'arrays',
    arrays: (parts[0]?.arrays ?? []).map((_, index) => joinedLiteral(parts.map(({ arrays }) => arrays[index] ?? '{}'))),
  }),
};

/** One array literal of the elements of several, none of which is empty; joined once, for it may have megabytes. */
function joinedLiteral(literals: readonly string[]): string {
  const last = literals.length - 1;
  return literals.map((text, index) => text.slice(index === 0 ? 0 : 1, index === last ? undefined : -1)).join(',');
}

export const asLines: Rendering<Lines> = {
  select: (columns) => `encode(string_agg(${line(columns)}, chr(10)) || chr(10)) AS lines`,
  read: ({ lines }) => {
    if (!(lines instanceof DuckDBBlobValue)) throw new TypeError('The lines of a batch are no bytes.');
    return { form: 'lines', lines: [lines.bytes] };
  },
  join: (parts) => ({ form: 'lines', lines: parts.flatMap(({ lines }) => lines) }),
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

/**
 * A row as a line of COPY's text format. Few rows have a text that needs an escape, and looking through all texts of a
 * row at once is cheaper than through each.
 */
function line(columns: readonly Column[]): string {
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
