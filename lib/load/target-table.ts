import type { Sql } from '../dsql/connect.ts';
import { quoteTable, type TableName } from '../dsql/identifier.ts';
import type { Statements } from '../dsql/sql.ts';
import { isIdName } from '../service-columns.ts';

/** A column of a table that exists, as the catalog has it. */
export interface TargetColumn {
  readonly name: string;
  /** As `format_type` writes it, e.g. `numeric(38,2)`. */
  readonly type: string;
  readonly nullable: boolean;
  /** The database fills it when an INSERT leaves it out. */
  readonly hasDefault: boolean;
  /** GENERATED ALWAYS: an INSERT must leave it out. */
  readonly generated: boolean;
}

export interface TargetTable {
  readonly name: TableName;
  /** What the catalog knows it by: a table that was dropped and made anew under its name has another. */
  readonly id: string;
  readonly columns: readonly TargetColumn[];
  /** Column sets of the valid unique indexes without predicate or expression, the primary key's among them. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Made by this service: the column of the rows' ids is its primary key. */
  readonly ours: boolean;
  /** That column; undefined where the table is not ours. */
  readonly idColumn: string | undefined;
}

interface ColumnRow {
  readonly id: string;
  readonly attname: string;
  readonly attnum: string;
  readonly type: string;
  readonly attnotnull: boolean;
  readonly atthasdef: boolean;
  readonly attidentity: string;
  readonly attgenerated: string;
}

interface IndexRow {
  readonly indkey: string;
  readonly indnkeyatts: string;
  readonly indisprimary: boolean;
}

/** Reads a table from the catalog, in one round trip; undefined when there is none. */
export async function describeTable(sql: Pick<Sql, 'together'>, name: TableName): Promise<TargetTable | undefined> {
  return await sql.together(async (statements) => await readTable(statements, name));
}

/** As `describeTable`, beside other statements of one connection. */
export async function readTable(statements: Statements, name: TableName): Promise<TargetTable | undefined> {
  const [columns, indexes] = await Promise.all([readColumns(statements, name), readUniqueIndexes(statements, name)]);
  return tableOf(name, columns, indexes);
}

async function readColumns(statements: Statements, name: TableName): Promise<readonly ColumnRow[]> {
  return await statements<ColumnRow[]>`
    SELECT c.oid::text AS id, a.attname, a.attnum::text AS attnum, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.atthasdef,
           a.attidentity::text AS attidentity, a.attgenerated::text AS attgenerated
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${name.schema} AND c.relname = ${name.table} AND c.relkind IN ('r', 'p', 'v')
       AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum`;
}

/** The valid ones, without predicate or expression. */
async function readUniqueIndexes(statements: Statements, name: TableName): Promise<readonly IndexRow[]> {
  return await statements<IndexRow[]>`
    SELECT i.indkey::text AS indkey, i.indnkeyatts::text AS indnkeyatts, i.indisprimary
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${name.schema} AND c.relname = ${name.table}
       AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL`;
}

function tableOf(
  name: TableName,
  columns: readonly ColumnRow[],
  indexes: readonly IndexRow[],
): TargetTable | undefined {
  if (columns.length === 0) return undefined;
  const nameOf = new Map(columns.map((column) => [column.attnum, column.attname]));
  const keys = indexes.map((index) => ({
    primary: index.indisprimary,
    columns: index.indkey
      .split(' ')
      .slice(0, Number(index.indnkeyatts))
      .map((number) => nameOf.get(number) ?? ''),
  }));
  const [id] = keys.flatMap(({ columns: names, primary }) =>
    primary && names.length === 1 ? names.filter(isIdName) : [],
  );
  return {
    name,
    id: columns[0]?.id ?? '',
    columns: columns.map((column) => ({
      name: column.attname,
      type: column.type,
      nullable: !column.attnotnull,
      hasDefault: column.atthasdef || column.attidentity !== '' || column.attgenerated !== '',
      generated: column.attidentity === 'a' || column.attgenerated !== '',
    })),
    uniqueKeys: keys.map((key) => key.columns),
    ours: id !== undefined,
    idColumn: id,
  };
}

/** The column of the service's ids where it holds UUIDs, which DuckDB orders as the database does. */
export function orderedId({ columns, idColumn }: TargetTable): string | undefined {
  return columns.some(({ name, type }) => name === idColumn && type === 'uuid') ? idColumn : undefined;
}

/** Whether a table has no row, as far as the connection sees. */
export async function isEmptyTable(sql: Sql, name: TableName): Promise<boolean> {
  return (await sql.unsafe(`SELECT 1 FROM ${quoteTable(name)} LIMIT 1`)).length === 0;
}

/** Whether a unique index over exactly these columns can arbitrate an upsert. */
export function hasUniqueKey(table: TargetTable, columns: readonly string[]): boolean {
  const wanted = [...columns].sort().join('\0');
  return table.uniqueKeys.some((key) => [...key].sort().join('\0') === wanted);
}

export function tableText(name: TableName): string {
  return name.schema === 'public' ? name.table : `${name.schema}.${name.table}`;
}
