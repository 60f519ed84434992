import { changeTable } from '../load/change-table.ts';
import { defineTable } from '../load/define-table.ts';
import { buildIndexes } from '../load/indexes.ts';
import type { TargetTable } from '../load/target-table.ts';
import type { Plan } from '../manifest.ts';
import { missingGrants } from './grant-table.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { tableDemand } from './table-demand.ts';

/**
 * Makes the target table and lets a role write to it, so that the stages that load need no right to create anything.
 * `context.target.sql` is connected as the owner of the tables. Safe to repeat; a crash midway leaves the rest to the repeat.
 * Where there is no row, nothing is made.
 *
 * @throws {TableMismatchError} terminal: the table that exists cannot take the rows
 * @throws {TableBusyError} transient: other runs have been changing it for too long
 */
export async function defineStage(
  context: RunContext,
  run: Run,
  plan: Plan,
  role: string,
): Promise<TargetTable | undefined> {
  // Without rows there is no value that would tell a column's type.
  if (plan.counts.rows_clean === 0) return undefined;
  const table = await defineTable(context.target, tableDemand(context, plan), fenceOf(context, run));
  // A GRANT is DDL too.
  await changeTable(
    context.target,
    table.name,
    () => missingGrants(context.target.sql, table.name, role),
    (missing) => missing,
    fenceOf(context, run),
  );
  return table;
}

/** Builds the indexes a pipeline wants and waits for them; for a connection of the tables' owner. Safe to repeat. */
export async function indexStage(context: RunContext, run: Run, plan: Plan): Promise<void> {
  if (plan.counts.rows_clean === 0) return;
  const { name } = tableDemand(context, plan);
  await buildIndexes(context.target, name, plan.indexes, fenceOf(context, run));
}
