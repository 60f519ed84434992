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
  readonly index_id: string;
  readonly indkey: string;
  readonly indnkeyatts: string;
  readonly indisprimary: boolean;
}

/** Reads a table from the catalog, by one statement; undefined when there is none. */
export async function describeTable(sql: Statements, name: TableName): Promise<TargetTable | undefined> {
  // A row for each column and each unique index of the table.
  const rows = await sql<(ColumnRow & (IndexRow | { readonly index_id: null }))[]>`
    SELECT c.oid::text AS id, a.attname, a.attnum::text AS attnum, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.atthasdef,
           a.attidentity::text AS attidentity, a.attgenerated::text AS attgenerated,
           i.indexrelid::text AS index_id, i.indkey::text AS indkey, i.indnkeyatts::text AS indnkeyatts, i.indisprimary
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_index i
        ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
     WHERE n.nspname = ${name.schema} AND c.relname = ${name.table} AND c.relkind IN ('r', 'p', 'v')
       AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum, i.indexrelid`;
  const columns = new Map<string, ColumnRow>();
  const indexes = new Map<string, IndexRow>();
  for (const row of rows) {
    columns.set(row.attnum, row);
    if (row.index_id !== null) indexes.set(row.index_id, row);
  }
  return tableOf(name, columns, [...indexes.values()]);
}

/** @param columns  by their numbers, in the table's order */
function tableOf(
  name: TableName,
  columns: ReadonlyMap<string, ColumnRow>,
  indexes: readonly IndexRow[],
): TargetTable | undefined {
  const all = [...columns.values()];
  if (all[0] === undefined) return undefined;
  const keys = indexes.map((index) => ({
    primary: index.indisprimary,
    columns: index.indkey
      .split(' ')
      .slice(0, Number(index.indnkeyatts))
      .map((number) => columns.get(number)?.attname ?? ''),
  }));
  const [id] = keys.flatMap(({ columns: names, primary }) =>
    primary && names.length === 1 ? names.filter(isIdName) : [],
  );
  return {
    name,
    id: all[0].id,
    columns: all.map((column) => ({
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
