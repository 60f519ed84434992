import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import type { Column } from '../manifest.ts';
import { extractedColumn, idColumnOf, stampName } from '../service-columns.ts';
import type { TargetTable } from './target-table.ts';

/** How a batch is written: the statement's text and what its answer means. */
export interface BatchStatement {
  /** `$1 … $n` are array literals, one per column of `columns`, all of the same length. */
  readonly text: string;
  readonly columns: readonly Column[];
  /** insert: every row is inserted. upsert, insert-new: the statement returns one row per row written. */
  readonly kind: 'insert' | 'insert-new' | 'upsert';
  /** Of an upsert: whether what it returns tells inserted rows from updated ones, which takes a time of insertion. */
  readonly tellsInserted?: boolean | undefined;
  /**
   * Counts the rows of the batch that are in the table with the values that were sent, or with newer ones by `latestBy`;
   * the same parameters. For statements that leave rows alone: what they did not write must be there.
   */
  readonly check?: string | undefined;
  /** Counts the rows of the batch whose keys are in the table; its parameters are the arrays of these columns, by place. */
  readonly present?: { readonly text: string; readonly columns: readonly number[] } | undefined;
}

/*
 * The one statement that writes a batch: `INSERT … SELECT unnest($1::T1[]), …`. A few strings per batch cross JavaScript,
 * there is no limit of 65,535 parameters, and ON CONFLICT works, which COPY has not.
 */

/** Inserts every row. */
export function insertStatement(table: TargetTable, columns: readonly Column[]): BatchStatement {
  return { text: insertText(table, columns), columns, kind: 'insert' };
}

/** Leaves rows alone whose derived id is in the table already. */
export function insertNewStatement(table: TargetTable, columns: readonly Column[], id: string): BatchStatement {
  const name = quoteIdentifier(id);
  const text = `${insertText(table, columns)} ON CONFLICT (${name}) DO NOTHING RETURNING t.${name} AS id`;
  return { text, columns, kind: 'insert-new', ...checks(table, columns, { keyColumns: [id] }) };
}

export interface UpsertDemand {
  readonly keyColumns: readonly string[];
  /** Rows are updated only where the new one is not older by this column. */
  readonly latestBy?: string | undefined;
  /** Columns of the table that lose the values they have, because no row of the source has them. */
  readonly cleared?: readonly string[] | undefined;
}

/** Inserts rows, and updates those whose key is in the table, only where a column that counts differs. */
export function upsertStatement(
  table: TargetTable,
  columns: readonly Column[],
  { cleared = [], keyColumns, latestBy }: UpsertDemand,
): BatchStatement {
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  const created = stampName('created_at', types);
  const updated = stampName('updated_at', types);
  const isWritten = (name: string): boolean => columns.some((column) => column.name === name);
  const tellsInserted = types.has(created) && !isWritten(created);
  const returning = tellsInserted
    ? `RETURNING (t.${created} = CURRENT_TIMESTAMP) AS inserted`
    : 'RETURNING false AS inserted';
  const id = idColumnOf(columns);
  const changing = columns.filter((column) => !keyColumns.includes(column.name) && column.name !== id);
  const sets = [
    ...changing.map((column) => `${quoteIdentifier(column.name)} = EXCLUDED.${quoteIdentifier(column.name)}`),
    ...cleared.map((name) => `${quoteIdentifier(name)} = NULL`),
  ];
  if (types.has(updated) && !isWritten(updated)) {
    sets.push(`${updated} = CURRENT_TIMESTAMP`);
  }
  // When a row was read changes with every run, and alone is no reason to rewrite the row.
  const extracted = extractedColumn(columns);
  const compared = changing.filter((column) => column.name !== extracted);
  const differs = [
    ...compared.map((column) => {
      const cast = types.get(column.name) === 'json' ? '::text' : '';
      const name = quoteIdentifier(column.name);
      return `t.${name}${cast} IS DISTINCT FROM EXCLUDED.${name}${cast}`;
    }),
    ...cleared.map((name) => `t.${quoteIdentifier(name)} IS NOT NULL`),
  ];
  const latest = latestBy === undefined ? undefined : quoteIdentifier(latestBy);
  const newer = latest === undefined ? '' : ` AND (t.${latest} IS NULL OR EXCLUDED.${latest} >= t.${latest})`;
  const action =
    differs.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${sets.join(', ')} WHERE (${differs.join(' OR ')})${newer}`;
  const target = keyColumns.map(quoteIdentifier).join(', ');
  const text = `${insertText(table, columns)} ON CONFLICT (${target}) ${action} ${returning}`;
  return { text, columns, kind: 'upsert', tellsInserted, ...checks(table, columns, { cleared, keyColumns, latestBy }) };
}

function checks(
  table: TargetTable,
  columns: readonly Column[],
  demand: UpsertDemand,
): Pick<BatchStatement, 'check' | 'present'> {
  const keys = columns.filter(({ name }) => demand.keyColumns.includes(name));
  return {
    check: checkText(table, columns, demand),
    present: {
      text: checkText(table, keys, { keyColumns: demand.keyColumns }),
      columns: keys.map((column) => columns.indexOf(column)),
    },
  };
}

/** Rows are compared by the database in the columns' own types; so are the keys. */
function checkText(
  table: TargetTable,
  columns: readonly Column[],
  { cleared = [], keyColumns, latestBy }: UpsertDemand,
): string {
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  const typeOf = (column: Column): string => types.get(column.name) ?? column.type;
  const arrays = columns.map((column, index) => `$${index + 1}::${arrayType(typeOf(column))}`);
  const join = columns
    .filter(({ name }) => keyColumns.includes(name))
    .map((column) => `t.${quoteIdentifier(column.name)} = given.${quoteIdentifier(column.name)}::${typeOf(column)}`);
  const extracted = extractedColumn(columns);
  const id = idColumnOf(columns);
  const same = columns
    .filter(({ name }) => !keyColumns.includes(name) && name !== id && name !== extracted)
    .map((column) => {
      const name = quoteIdentifier(column.name);
      return typeOf(column) === 'json'
        ? `t.${name}::text IS NOT DISTINCT FROM given.${name}::text`
        : `t.${name} IS NOT DISTINCT FROM given.${name}::${typeOf(column)}`;
    });
  const without = cleared.map((name) => `t.${quoteIdentifier(name)} IS NULL`);
  const latest = columns.find(({ name }) => name === latestBy);
  const newer =
    latest === undefined
      ? ''
      : ` OR t.${quoteIdentifier(latest.name)} > given.${quoteIdentifier(latest.name)}::${typeOf(latest)}`;
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
  return `SELECT count(*) AS n FROM unnest(${arrays.join(', ')}) AS given (${names})
    JOIN ${quoteTable(table.name)} t ON ${join.join(' AND ')}
   WHERE (${['true', ...same, ...without].join(' AND ')})${newer}`;
}

function insertText(table: TargetTable, columns: readonly Column[]): string {
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const arrays = columns.map(
    (column, index) => `unnest($${index + 1}::${arrayType(types.get(column.name) ?? column.type)})`,
  );
  return `INSERT INTO ${quoteTable(table.name)} AS t (${names}) SELECT ${arrays.join(', ')}`;
}

/** `numeric(38,2)` → `numeric[]`: the length or scale is enforced by the column, which refuses or rounds as it would anyway. */
export function arrayType(type: string): string {
  return `${type
    .replace(/\([^)]*\)/, '')
    .replace(/^character varying$/, 'text')
    .replace(/^"?char(acter)?"?$/, 'text')}[]`;
}
