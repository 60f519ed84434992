import type { LoadMode } from '../config/load-mode.ts';
import { quoteIdentifier, quoteTable, type TableName } from '../dsql/identifier.ts';
import type { Target } from '../dsql/target.ts';
import { maxKeyColumns, maxTableColumns } from '../limits.ts';
import type { Column } from '../manifest.ts';
import { extractedColumn, idColumnOf, yieldedName } from '../service-columns.ts';
import type { Fence } from '../state/fence.ts';
import { changeTable, type Ddl } from './change-table.ts';
import { TableMismatchError, TableShapeError, TableVanishedError } from './errors.ts';
import { loadModes } from './load-modes.ts';
import { describeTable, hasUniqueKey, type TargetTable, tableText } from './target-table.ts';

export interface TableDemand {
  readonly name: TableName;
  /** What the load will write, in order; the rows' ids first. Of those that are undecided, only what the table has. */
  readonly columns: readonly Column[];
  readonly keyColumns: readonly string[];
  readonly loadMode: LoadMode;
}

/** CREATE TABLE for a demand; the key columns get their UNIQUE constraint here, for DSQL cannot add one later. */
export function createTableStatement(demand: TableDemand): string {
  const { keyColumns, name } = demand;
  const columns = demand.columns.filter((column) => column.undecided !== true);
  const id = idColumnOf(demand.columns);
  const stamps = stampNames(demand);
  const total = columns.length + stamps.length;
  if (total > maxTableColumns) {
    throw new TableShapeError(
      tableText(name),
      `the source has ${columns.length - 2} columns and DSQL allows ${maxTableColumns} in a table`,
      'Leave some out, or keep them together in one jsonb column.',
    );
  }
  if (keyColumns.length > maxKeyColumns) {
    throw new TableShapeError(
      tableText(name),
      `key_columns has ${keyColumns.length} columns and DSQL allows ${maxKeyColumns} in a key`,
      'Name fewer columns.',
    );
  }
  const lines = [
    ...columns.map((column) =>
      column.name === id
        ? `${quoteIdentifier(column.name)} uuid PRIMARY KEY`
        : `${quoteIdentifier(column.name)} ${column.type}${keyColumns.includes(column.name) ? ' NOT NULL' : ''}`,
    ),
    ...stamps.map((column) => `${quoteIdentifier(column)} timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP`),
    ...(keyColumns.length === 0 ? [] : [`UNIQUE (${keyColumns.map(quoteIdentifier).join(', ')})`]),
  ];
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(name)} (\n  ${lines.join(',\n  ')}\n)`;
}

/**
 * Makes the target table fit: creates it, or adds the columns a table of ours lacks, one DDL statement a transaction,
 * while no other run changes it. A table that someone else made is used as it is and never altered.
 *
 * @throws {TableMismatchError} when the table that exists cannot take the rows
 * @throws {TableBusyError} transient: other runs have been changing it for too long
 * Killed midway: the table exists with some of the columns; the next call adds the rest.
 */
export async function defineTable(target: Target, demand: TableDemand, fence?: Fence): Promise<TargetTable> {
  const table = await changeTable(
    target,
    demand.name,
    () => describeTable(target.sql, demand.name),
    (present) => tableStatements(present, demand),
    fence,
  );
  if (table === undefined) throw new TableVanishedError(tableText(demand.name));
  checkFit(table, demand);
  return table;
}

/** The statements that make a table fit a demand; none when it fits, or is not ours to alter. */
export function tableStatements(table: TargetTable | undefined, demand: TableDemand): readonly Ddl[] {
  const shown = tableText(demand.name);
  if (table !== undefined) checkId(table, demand);
  if (table === undefined) return [{ what: `CREATE TABLE ${shown}`, text: createTableStatement(demand) }];
  if (!table.ours) return [];
  const present = new Set(table.columns.map((column) => column.name));
  return demand.columns
    .filter((column) => column.undecided !== true && !present.has(column.name))
    .map((column) => ({
      what: `ALTER TABLE ${shown} ADD COLUMN ${column.name}`,
      text: `ALTER TABLE ${quoteTable(demand.name)} ADD COLUMN IF NOT EXISTS ${quoteIdentifier(column.name)} ${column.type}`,
    }));
}

/** The table as it is when these statements have run; its id is empty where there is none yet. */
export function definedTable(table: TargetTable | undefined, demand: TableDemand): TargetTable {
  const decided = demand.columns.filter((column) => column.undecided !== true);
  if (table !== undefined && !table.ours) return table;
  const id = idColumnOf(demand.columns);
  const present = new Set(table?.columns.map((column) => column.name));
  const added = decided
    .filter((column) => !present.has(column.name))
    .map(({ name, type }) => {
      const notNull = table === undefined && (name === id || demand.keyColumns.includes(name));
      return { name, type, nullable: !notNull, hasDefault: false, generated: false };
    });
  if (table !== undefined) return { ...table, columns: [...table.columns, ...added] };
  const stamps = stampNames(demand).map((name) => ({
    name,
    type: 'timestamp with time zone',
    nullable: false,
    hasDefault: true,
    generated: false,
  }));
  const keys = demand.keyColumns.length === 0 ? [] : [demand.keyColumns];
  const uniqueKeys = [...(id === undefined ? [] : [[id]]), ...keys];
  return { name: demand.name, id: '', columns: [...added, ...stamps], uniqueKeys, ours: true, idColumn: id };
}

/** When the row came, and when it last changed. */
function stampNames({ columns }: Pick<TableDemand, 'columns'>): readonly string[] {
  const sourceNames = new Set(columns.map((column) => column.name));
  return (['created_at', 'updated_at'] as const).map((stamp) => (sourceNames.has(stamp) ? yieldedName(stamp) : stamp));
}

/** Refuses rows whose ids have another name than the table's, which was made after what was decided about the rows. */
function checkId({ idColumn }: TargetTable, demand: Pick<TableDemand, 'name' | 'columns'>): void {
  const id = idColumnOf(demand.columns);
  if (idColumn === undefined || id === undefined || id === idColumn) return;
  throw new TableMismatchError(
    tableText(demand.name),
    `its ids are in "${idColumn}" where those of the rows are in "${id}", for it was made while the run was under way`,
    'Run the pipeline again, which goes by the table as it is.',
  );
}

/** Refuses what could only fail row by row. Checked before the transform where the table exists, and again before the load. */
export function checkFit(
  table: TargetTable,
  demand: Pick<TableDemand, 'name' | 'columns' | 'keyColumns' | 'loadMode'>,
): void {
  const shown = tableText(demand.name);
  checkId(table, demand);
  const written = new Set(writtenColumns(table, demand.columns).map((column) => column.name));
  const present = new Set(table.columns.map((column) => column.name));
  const optional = new Set([idColumnOf(demand.columns), extractedColumn(demand.columns)]);
  const lacking = demand.columns.filter(
    (column) => column.undecided !== true && !present.has(column.name) && !optional.has(column.name),
  );
  if (lacking.length > 0) {
    throw new TableMismatchError(
      shown,
      `it has no column ${lacking.map((column) => `"${column.name}"`).join(', ')} (it has: ${[...present].join(', ')})`,
      "Add the missing columns with ALTER TABLE, rename the source's, or choose another target_table.",
    );
  }
  const unfilled = table.columns.filter(
    (column) => !column.nullable && !column.hasDefault && !written.has(column.name),
  );
  if (unfilled.length > 0) {
    throw new TableMismatchError(
      shown,
      `its column ${unfilled.map((column) => `"${column.name}"`).join(', ')} must not be NULL but the source has none of that name`,
      'Add it with an enrich rule, give it a default, or choose another target_table.',
    );
  }
  if (
    loadModes[demand.loadMode].needsUniqueKey &&
    demand.keyColumns.length > 0 &&
    !hasUniqueKey(table, demand.keyColumns)
  ) {
    const list = demand.keyColumns.map(quoteIdentifier).join(', ');
    throw new TableMismatchError(
      shown,
      `it has no unique key on (${demand.keyColumns.join(', ')}), which ${demand.loadMode} needs`,
      `Run CREATE UNIQUE INDEX ASYNC ON ${quoteTable(demand.name)} (${list}) and wait for it, or choose other key_columns.`,
    );
  }
}

/** The columns of a chunk that the table takes. */
export function writtenColumns(table: TargetTable, columns: readonly Column[]): readonly Column[] {
  const present = new Map(table.columns.map((column) => [column.name, column]));
  return columns.filter((column) => present.has(column.name) && present.get(column.name)?.generated === false);
}
