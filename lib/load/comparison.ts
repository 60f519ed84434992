import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import type { Column } from '../manifest.ts';
import { extractedColumn, idColumnOf } from '../service-columns.ts';
import { arrayType, type UpsertDemand } from './statement.ts';
import type { TargetTable } from './target-table.ts';

/*
 * Statements that read how the rows of a batch compare with the table, in place of writing them. Their parameters are
 * those of the statement that would write: an array literal for each column. The database compares in its own types.
 */

/** How a batch of an upsert compares with the table. */
export interface UpsertComparison {
  /** Answers one row: `absent`, `changed` and `same`, counts of the batch's rows. */
  readonly counts: string;
  /** Answers a row for each row that would be changed, up to `$n+1`: `k0`, `k1` … the key, then `b<i>` and `a<i>` for each of `compared`. */
  readonly examples: string;
  readonly compared: readonly string[];
}

/**
 * @param table    as it is before the run; columns that it lacks have no value
 * @param columns  what the run would write, in the order of the parameters
 */
export function compareUpsert(
  table: TargetTable,
  columns: readonly Column[],
  { cleared = [], keyColumns, latestBy }: UpsertDemand,
): UpsertComparison {
  const { given, typeOf } = givenRows(table, columns);
  const present = new Set(table.columns.map((column) => column.name));
  const extracted = extractedColumn(columns);
  const id = idColumnOf(columns);
  const written = columns
    .map((column) => column.name)
    .filter((name) => !keyColumns.includes(name) && name !== id && name !== extracted);
  const compared = [...written, ...cleared];
  const before = (name: string): string => (present.has(name) ? `t.${quoteIdentifier(name)}` : 'NULL');
  const after = (name: string): string =>
    cleared.includes(name) ? 'NULL' : `given.${quoteIdentifier(name)}::${typeOf(name)}`;
  const differs = compared.map((name) => {
    const cast = typeOf(name) === 'json' || !present.has(name) ? '::text' : '';
    return `${before(name)}${cast} IS DISTINCT FROM (${after(name)})${cast}`;
  });
  const newer =
    latestBy === undefined
      ? 'true'
      : `(${before(latestBy)} IS NULL OR coalesce(${after(latestBy)} >= ${before(latestBy)}, false))`;
  const changed = differs.length === 0 ? 'false' : `((${differs.join(' OR ')}) AND ${newer})`;
  const [firstKey = ''] = keyColumns;
  const absent = `t.${quoteIdentifier(firstKey)} IS NULL`;
  const join = `FROM ${given} LEFT JOIN ${quoteTable(table.name)} t ON ${keyMatch(keyColumns, typeOf)}`;
  return {
    counts: `SELECT count(*) FILTER (WHERE ${absent}) AS absent, count(*) FILTER (WHERE NOT ${absent} AND ${changed}) AS changed,
      count(*) FILTER (WHERE NOT ${absent} AND NOT ${changed}) AS same ${join}`,
    examples: `SELECT ${[
      ...keyColumns.map((name, index) => `${after(name)}::text AS k${index}`),
      ...compared.map((name, index) => `${before(name)}::text AS b${index}, (${after(name)})::text AS a${index}`),
    ].join(', ')} ${join} WHERE NOT ${absent} AND ${changed} LIMIT $${columns.length + 1}::text::integer`,
    compared,
  };
}

/** Answers `present`, how many rows of the batch have in one of these keys the values of a row of the table. */
export function countPresentStatement(
  table: TargetTable,
  columns: readonly Column[],
  keys: readonly (readonly string[])[],
): string {
  const { given, typeOf } = givenRows(table, columns);
  const matches = keys.map(
    (key) => `EXISTS (SELECT 1 FROM ${quoteTable(table.name)} t WHERE ${keyMatch(key, typeOf)})`,
  );
  return `SELECT count(*) AS present FROM ${given} WHERE ${matches.join(' OR ')}`;
}

function givenRows(
  table: TargetTable,
  columns: readonly Column[],
): { readonly given: string; readonly typeOf: (name: string) => string } {
  const types = new Map([
    ...columns.map(({ name, type }) => [name, type] as const),
    ...table.columns.map(({ name, type }) => [name, type] as const),
  ]);
  const typeOf = (name: string): string => types.get(name) ?? 'text';
  const arrays = columns.map(({ name }, index) => `$${index + 1}::${arrayType(typeOf(name))}`).join(', ');
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return { given: `unnest(${arrays}) AS given (${names})`, typeOf };
}

function keyMatch(key: readonly string[], typeOf: (name: string) => string): string {
  return key
    .map((name) => `t.${quoteIdentifier(name)} = given.${quoteIdentifier(name)}::${typeOf(name)}`)
    .join(' AND ');
}
