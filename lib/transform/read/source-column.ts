import { cleanName } from '../../cleaned-name.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { RawPart } from '../../manifest.ts';
import { forms } from '../infer/text-form.ts';
import type { RawRows } from './raw-rows.ts';

/** A column of which all rows of a part have one value. */
interface PartColumn {
  readonly name: string;
  /** In the order of the parts. */
  readonly values: readonly (string | null)[];
  readonly duckType: string;
}

/**
 * The rows with more columns: one that says which source each came from, where its name is given, and one for each
 * partition of the parts that is no column of theirs.
 *
 * @param all  all parts of the source, where the rows are not of all of them
 */
export function withPartColumns(raw: RawRows, parts: readonly RawPart[], all: readonly RawPart[] = parts): RawRows {
  if (raw.columns.length === 0) return raw;
  const own = new Set(raw.columns.map(({ sourceName }, index) => cleanName(sourceName, index + 1)));
  const names = [...new Set(all.flatMap(({ partitions }) => partitions?.map(({ name }) => name) ?? []))];
  const partitions = names
    .filter((name) => !own.has(cleanName(name, 0)))
    .map((name) => ({
      name,
      values: parts.map((part) => partitionValue(part, name)),
      duckType: raw.kind === 'typed' ? typeOf(all.map((part) => partitionValue(part, name))) : 'VARCHAR',
    }));
  const source = all[0]?.source_column;
  const sources =
    source === undefined ? [] : [{ name: source, values: parts.map((part) => part.source), duckType: 'VARCHAR' }];
  return [
    ...sources.map((column) => ({ column, isName: true })),
    ...partitions.map((column) => ({ column, isName: false })),
  ].reduce((rows, { column, isName }) => withColumn(rows, column, isName), raw);
}

/** @param isText  the values are names, whatever they look like */
function withColumn(raw: RawRows, { duckType, name, values }: PartColumn, isText: boolean): RawRows {
  const column = `c${raw.columns.length}`;
  const literal = (value: string | null): string => {
    if (value === null) return 'NULL';
    const isNumber = !isText && matches(forms.wholeNumber, value);
    return quoteText(raw.kind === 'json' && !isNumber ? JSON.stringify(value) : value);
  };
  // From the last part to the first: a row belongs to the last part whose rows begin before it.
  const whens = raw.parts
    .map(({ base }, index) => `WHEN o > ${base} THEN ${literal(values[index] ?? null)}`)
    .toReversed();
  return {
    ...raw,
    relation: `(SELECT *, (CASE ${whens.join(' ')} END)::${duckType} AS ${column} FROM ${raw.relation})`,
    columns: [...raw.columns, { sourceName: name, duckType }],
  };
}

function partitionValue({ partitions }: RawPart, name: string): string | null {
  return partitions?.find((one) => one.name === name)?.value ?? null;
}

/** DuckDB's type of values that have none of their own, as beside columns of Parquet. */
function typeOf(values: readonly (string | null)[]): string {
  const given = values.filter((value) => value !== null);
  const all = (form: string): boolean => given.length > 0 && given.every((value) => matches(form, value));
  if (all(forms.wholeNumber) && given.every((value) => value.length <= 18)) return 'BIGINT';
  return all(forms.date) ? 'DATE' : 'VARCHAR';
}

function matches(form: string, value: string): boolean {
  return new RegExp(`^(?:${form})$`).test(value);
}
