/** SQL types of the service's columns, and what a value of each is in the program. JSON and numbers come back as text. */
interface ColumnValues {
  readonly text: string;
  readonly uuid: string;
  readonly integer: number;
  readonly bigint: number;
  readonly 'numeric(18,3)': number;
  /** ISO 8601, UTC. */
  readonly timestamptz: string;
  readonly jsonb: string;
}

export interface ColumnDefinition {
  readonly type: keyof ColumnValues;
  /** NOT NULL. Only of columns that the table has had from its first version: DSQL adds nullable columns alone. */
  readonly required?: true;
  readonly default?: 'CURRENT_TIMESTAMP';
}

/** A table that the service keeps: its one list of columns makes the DDL, the types and the INSERT. */
export interface TableDefinition {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnDefinition>>;
  readonly primaryKey: readonly string[];
}

type ValueOf<C extends ColumnDefinition> =
  | ColumnValues[C['type']]
  | (C extends { readonly required: true } ? never : null);

/** A row of a table, by its list of columns. */
export type RowOf<T extends TableDefinition> = { readonly [Name in keyof T['columns']]: ValueOf<T['columns'][Name]> };

/** CREATE TABLE of a definition; nothing happens where the table is there. */
export function createStatement({ columns, name, primaryKey }: TableDefinition): string {
  const lines = Object.entries(columns).map(([column, { default: value, required, type }]) =>
    [column, type, ...(required ? ['NOT NULL'] : []), ...(value === undefined ? [] : ['DEFAULT', value])].join(' '),
  );
  return `CREATE TABLE IF NOT EXISTS public.${name} (\n  ${[...lines, `PRIMARY KEY (${primaryKey.join(', ')})`].join(',\n  ')}\n)`;
}

/** Adds a column to a table of an older release. */
export function addColumnStatement(table: TableDefinition, column: string): string {
  return `ALTER TABLE public.${table.name} ADD COLUMN IF NOT EXISTS ${column} ${table.columns[column]?.type ?? ''}`;
}

/** INSERT of one row with the given columns, in their order, as `$1 … $n`. */
export function insertStatement<T extends TableDefinition>(
  table: T,
  columns: readonly (keyof T['columns'] & string)[],
): string {
  const values = columns.map((_, index) => `$${index + 1}`);
  return `INSERT INTO public.${table.name} (${columns.join(', ')}) VALUES (${values.join(', ')})`;
}
