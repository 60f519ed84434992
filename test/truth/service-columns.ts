import type { SourceRow, Step } from './scenario.ts';

/** The names that the service's columns have in a table. */
export type ServiceNames = Readonly<Record<'uuid' | 'created' | 'updated' | 'extracted', string>>;

/** Of a table that a run makes: the columns of its source keep their names. */
export function serviceNames(sourceColumns: readonly string[]): ServiceNames {
  const name = (column: string): string => (sourceColumns.includes(column) ? `etl_${column}` : column);
  return {
    uuid: name('uuid_id'),
    created: name('created_at'),
    updated: name('updated_at'),
    extracted: name('extracted_at'),
  };
}

/** A step and its rows by the names that columns get in a table whose service columns have their names already. */
export function besideService(
  service: ServiceNames | undefined,
  step: Step,
  rows: readonly SourceRow[],
): { readonly step: Step; readonly rows: readonly SourceRow[] } {
  const taken = new Set(Object.values(service ?? {}));
  if (!step.columns.some((column) => taken.has(column))) return { step, rows };
  const name = (column: string): string => (taken.has(column) ? `${column}_2` : column);
  return { step: { ...step, columns: step.columns.map(name) }, rows: rows.map((row) => withNames(row, name)) };
}

/** A row with other names of its columns. */
export function withNames(row: SourceRow, name: (column: string) => string): SourceRow {
  const cells = Object.entries(row.cells).map(([column, cell]) => [name(column), cell]);
  return { ...row, cells: Object.fromEntries(cells) };
}
