/** Types whose text is JSON already, or a JSON number. */
const jsonTypes: ReadonlySet<number> = new Set([114, 3802]);
const numberTypes: ReadonlySet<number> = new Set([21, 23, 26, 700, 701]);
const timestampType = 1114;
export const timestamptz = 1184;

/** Timestamps as ISO 8601: `2025-01-02T03:04:05.123456`, with `Z` where the type has a time zone (the session's is UTC). */
export function isoTimestamp(text: string, type: number): string {
  if (type === timestampType) return text.replace(' ', 'T');
  if (type === timestamptz) return text.replace(' ', 'T').replace(/\+00(:00)?$/, 'Z');
  return text;
}

/** The answer of a statement that ran with `values()`: rows as arrays, for two columns may have the same name. */
export interface ValueRows extends ReadonlyArray<readonly unknown[]> {
  readonly columns?: readonly { readonly name: string; readonly type: number }[] | undefined;
}

/**
 * Rows as the text of a JSON array of objects, exact: bigint and numeric as strings, JSON columns as the JSON they hold,
 * timestamps as ISO 8601, bytea in hexadecimal. A second column of the same name gets `_2`, a third `_3`.
 * Needs the connection's types to be text (see `connect`).
 */
export function jsonRows(rows: ValueRows): string {
  const columns = rows.columns ?? [];
  const names = jsonNames(columns);
  const lines = rows.map((row) => jsonRow(names, columns, row));
  return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`;
}

type Columns = readonly { readonly name: string; readonly type: number }[];

/** The members' names, as JSON texts; each differs from the others. */
export function jsonNames(columns: Columns): readonly string[] {
  return columns.map(({ name }, index) => {
    const before = columns.slice(0, index).filter((column) => column.name === name).length;
    return JSON.stringify(before === 0 ? name : `${name}_${before + 1}`);
  });
}

/** One row as a JSON object in one line. */
export function jsonRow(names: readonly string[], columns: Columns, row: readonly unknown[]): string {
  return `{${columns.map((column, index) => `${names[index]}:${jsonValue(row[index], column.type)}`).join(',')}}`;
}

function jsonValue(value: unknown, type: number): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string' && jsonTypes.has(type)) return value;
  if (typeof value === 'string' && numberTypes.has(type)) {
    return Number.isFinite(Number(value)) ? value : JSON.stringify(value);
  }
  return JSON.stringify(valueText(value, type));
}

/** A value for a person, or as a JSON string; booleans stay booleans. */
export function valueText(value: unknown, type: number): string | boolean | readonly unknown[] {
  if (typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value;
  return isoTimestamp(String(value), type);
}
