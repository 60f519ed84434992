import type { Sql } from '../dsql/connect.ts';
import { quoteIdentifier, quoteTable, type TableName } from '../dsql/identifier.ts';
import type { Ddl } from '../load/change-table.ts';

/** Runs one statement with its retries; `what` is the subject of error messages. */
export type RunOne = <T>(what: string, statement: () => Promise<T>) => Promise<T>;

/**
 * Grants a role what loading a table needs, and only where it has it not: a GRANT is DDL, and every DDL makes other
 * connections meet OC001 once. Safe to repeat.
 */
export async function grantTable(sql: Sql, table: TableName, role: string, run: RunOne): Promise<void> {
  for (const { what, text } of await run('Reading the privileges', () => missingGrants(sql, table, role))) {
    await run(what, async () => await sql.unsafe(text));
  }
}

/** The statements that let a role load a table; none when it may already. */
export async function missingGrants(sql: Sql, table: TableName, role: string): Promise<readonly Ddl[]> {
  const named = quoteTable(table);
  const grantee = quoteIdentifier(role);
  const [have] = await sql<{ readonly on_table: boolean; readonly on_schema: boolean }[]>`
    SELECT has_table_privilege(${role}, ${named}, 'SELECT') AND has_table_privilege(${role}, ${named}, 'INSERT')
           AND has_table_privilege(${role}, ${named}, 'UPDATE') AND has_table_privilege(${role}, ${named}, 'DELETE')
           AS on_table,
           has_schema_privilege(${role}, ${table.schema}, 'USAGE') AS on_schema`;
  const schema = quoteIdentifier(table.schema);
  return [
    // DSQL lets nobody grant on the schema public, which everyone may use anyway.
    ...(have?.on_schema === false && table.schema !== 'public'
      ? [{ what: `GRANT USAGE ON SCHEMA ${table.schema}`, text: `GRANT USAGE ON SCHEMA ${schema} TO ${grantee}` }]
      : []),
    ...(have?.on_table === true
      ? []
      : [{ what: `GRANT on ${named}`, text: `GRANT SELECT, INSERT, UPDATE, DELETE ON ${named} TO ${grantee}` }]),
  ];
}
