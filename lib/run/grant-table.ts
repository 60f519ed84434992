import type { Sql } from '../dsql/connect.ts';
import { quoteIdentifier, quoteTable, type TableName } from '../dsql/identifier.ts';

/** Runs one statement with its retries; `what` is the subject of error messages. */
export type RunOne = <T>(what: string, statement: () => Promise<T>) => Promise<T>;

/**
 * Grants a role what loading a table needs, and only where it has it not: a GRANT is DDL, and every DDL makes other
 * connections meet OC001 once. Safe to repeat.
 */
export async function grantTable(sql: Sql, table: TableName, role: string, run: RunOne): Promise<void> {
  const named = quoteTable(table);
  const [have] = await run(
    'Reading the privileges',
    async () =>
      await sql<{ readonly on_table: boolean; readonly on_schema: boolean }[]>`
        SELECT has_table_privilege(${role}, ${named}, 'SELECT') AND has_table_privilege(${role}, ${named}, 'INSERT')
               AND has_table_privilege(${role}, ${named}, 'UPDATE') AND has_table_privilege(${role}, ${named}, 'DELETE')
               AS on_table,
               has_schema_privilege(${role}, ${table.schema}, 'USAGE') AS on_schema`,
  );
  // DSQL lets nobody grant on the schema public, which everyone may use anyway.
  if (have?.on_schema === false && table.schema !== 'public') {
    await run(`GRANT USAGE ON SCHEMA ${table.schema}`, async () => {
      await sql.unsafe(`GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${quoteIdentifier(role)}`);
    });
  }
  if (have?.on_table !== true) {
    await run(`GRANT on ${named}`, async () => {
      await sql.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${named} TO ${quoteIdentifier(role)}`);
    });
  }
}
