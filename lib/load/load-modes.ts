import type { LoadMode } from '../config/load-mode.ts';
import type { Column } from '../manifest.ts';
import { type BatchStatement, insertNewStatement, insertStatement, upsertStatement } from './statement.ts';
import type { TargetTable } from './target-table.ts';

/** What decides how the rows of a run are written. */
export interface WriteDemand {
  readonly table: TargetTable;
  readonly keyColumns: readonly string[];
  /** Of two rows with the same key the one with the greater value here stays. */
  readonly latestBy?: string | undefined;
  /** The source was loaded before: rows that are in the table already are made equal to the source's. */
  readonly again: boolean;
  /** The table had no row when the run made it ready: a key of the run's is there only if somebody else has written it since. */
  readonly wasEmpty: boolean;
}

/** How a load mode writes a batch. */
export interface WritePlan {
  /** COPY may take the rows, because none of them is likely in the table already; a batch that meets one goes by the statement. */
  readonly copies: boolean;
  /** For batches that are not copied. */
  readonly statement: BatchStatement;
  /** What to use instead when rows turn out to be in the table already under their derived ids. */
  readonly insertNew: BatchStatement | undefined;
}

/** How a load mode writes, and what follows when all its rows are in. */
export interface LoadModeBehaviour {
  /** The table must have a unique key over the key columns. */
  readonly needsUniqueKey: boolean;
  readonly plan: (demand: WriteDemand, columns: readonly Column[]) => WritePlan;
  /** Rows that the source no longer has are deleted when its rows are in; refused where it would delete too many. */
  readonly deletesMissing: boolean;
}

/** Every load mode's behaviour. */
export const loadModes = {
  insert: { needsUniqueKey: false, plan: addingPlan, deletesMissing: false },
  upsert: { needsUniqueKey: true, plan: upsertPlan, deletesMissing: false },
  replace: { needsUniqueKey: true, plan: replacingPlan, deletesMissing: true },
} as const satisfies Readonly<Record<LoadMode, LoadModeBehaviour>>;

/** Every row is a new one. */
function addingPlan(demand: WriteDemand, columns: readonly Column[]): WritePlan {
  const plan = byIdPlan(demand, columns);
  const { idColumn } = demand.table;
  return idColumn === undefined ? plan : { ...plan, insertNew: insertNewStatement(demand.table, columns, idColumn) };
}

/** A row with the same key is updated. */
function upsertPlan({ keyColumns, latestBy, table, wasEmpty }: WriteDemand, columns: readonly Column[]): WritePlan {
  return byKeyPlan(upsertStatement(table, columns, { keyColumns, latestBy }), wasEmpty);
}

/**
 * A row that is there is made equal to the source's. Columns that the source does not have lose their values, but for
 * those that the database fills by itself.
 */
function replacingPlan(demand: WriteDemand, columns: readonly Column[]): WritePlan {
  const { keyColumns, table, wasEmpty } = demand;
  const cleared = clearedColumns(table, columns);
  if (keyColumns.length === 0) return byIdPlan(demand, columns, cleared);
  return byKeyPlan(upsertStatement(table, columns, { keyColumns, cleared }), wasEmpty);
}

/** Rows are known by their derived ids: one that is there is made equal to the source's. */
function byIdPlan(
  { again, table, wasEmpty }: WriteDemand,
  columns: readonly Column[],
  cleared: readonly string[] = [],
): WritePlan {
  const insert = insertStatement(table, columns);
  const copies = !again || wasEmpty;
  if (table.idColumn === undefined) return { copies, statement: insert, insertNew: undefined };
  const upsert = upsertStatement(table, columns, { keyColumns: [table.idColumn], cleared });
  return { copies, statement: again ? upsert : insert, insertNew: upsert };
}

function byKeyPlan(statement: BatchStatement, copies: boolean): WritePlan {
  return { copies, statement, insertNew: undefined };
}

/** Columns of the table that the source does not have, and that can be without a value. */
export function clearedColumns(table: TargetTable, columns: readonly Column[]): readonly string[] {
  const given = new Set(columns.map(({ name }) => name));
  return table.columns
    .filter(({ hasDefault, name, nullable }) => nullable && !hasDefault && !given.has(name))
    .map(({ name }) => name);
}
