import type { Sql } from '../dsql/connect.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { loadLedger } from './ledger.ts';
import { pipelineState } from './pipeline-state.ts';
import { rejectedRow } from './rejected-row.ts';
import { executionLog } from './run-log.ts';
import { addColumnStatement, createStatement, type TableDefinition } from './table-definition.ts';

/** The tables the service keeps in the target. */
export const serviceTables: readonly TableDefinition[] = [executionLog, loadLedger, pipelineState, rejectedRow];

/**
 * Makes the service's tables, and the columns that tables of an older release lack, one DDL statement a transaction; one
 * look at the catalog when all is there. Safe to repeat, and for several releases at once: nothing is ever taken away.
 *
 * Killed midway: the tables and columns that were made stay; the next call makes the others.
 */
export async function ensureServiceTables(target: Target): Promise<void> {
  const present = await runStatement('Reading the catalog', target, () => columnsPresent(target.sql));
  for (const table of serviceTables) {
    const columns = present.get(table.name);
    const missing = Object.keys(table.columns).filter((column) => columns?.has(column) === false);
    const statements =
      columns === undefined ? [createStatement(table)] : missing.map((column) => addColumnStatement(table, column));
    for (const statement of statements) {
      await runStatement(`Making the table ${table.name}`, target, async () => await target.sql.unsafe(statement));
    }
  }
}

/** The columns that the service's tables have, by the table's name. */
async function columnsPresent(sql: Sql): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const names = `{${serviceTables.map(({ name }) => name).join(',')}}`;
  const rows = await sql<{ readonly relname: string; readonly attname: string }[]>`
    SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = ANY(${names}::text::text[])
       AND a.attnum > 0 AND NOT a.attisdropped`;
  const columns = new Map<string, Set<string>>();
  for (const { attname, relname } of rows) columns.set(relname, (columns.get(relname) ?? new Set()).add(attname));
  return columns;
}
