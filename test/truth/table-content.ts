import type { Sql } from '../../lib/dsql/connect.ts';

/** A table as the database prints it. */
export interface TableContent {
  /** Names of the columns, those of the service included. */
  readonly columns: readonly string[];
  /** In the order of all their values. */
  readonly rows: readonly Readonly<Record<string, string | null>>[];
}

/** Reads a table of the schema `public`; undefined when there is none. */
export async function readTable(sql: Sql, table: string): Promise<TableContent | undefined> {
  const found = await sql<{ column_name: string }[]>`
    SELECT column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = ${table} ORDER BY ordinal_position`;
  if (found.length === 0) return undefined;
  const columns = found.map((row) => row.column_name);
  const printed = columns.map((column) => `"${column}"::text AS "${column}"`).join(', ');
  const rows = await sql.unsafe<Record<string, string | null>[]>(`SELECT ${printed} FROM "${table}" ORDER BY 1, 2, 3`);
  return { columns, rows: rows.map((row) => ({ ...row })) };
}
