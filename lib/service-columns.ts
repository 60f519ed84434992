/** Columns that the service adds to tables that it makes: the row's id, which is the primary key, and three times. */
export const idColumn = 'uuid_id';
export const stampColumns = ['created_at', 'updated_at', 'extracted_at'] as const;
export type StampColumn = (typeof stampColumns)[number];
export type ServiceColumn = typeof idColumn | StampColumn;

/** All of them by their usual names. */
export const serviceColumns: readonly ServiceColumn[] = [idColumn, ...stampColumns];

/** The name of a column of the service in a table whose source has a column of the usual one. */
export function yieldedName(column: ServiceColumn): string {
  return `etl_${column}`;
}

/** The names that the id has had or may have. */
const idNames: ReadonlySet<string> = new Set([idColumn, yieldedName(idColumn)]);

/** Whether a table whose primary key is this one column has been made by the service. */
export function isIdName(name: string): boolean {
  return idNames.has(name);
}

/** The name that a time of the service has beside these others: the source keeps its own names. */
export function stampName(column: StampColumn, present: { readonly has: (name: string) => boolean }): string {
  return present.has(yieldedName(column)) ? yieldedName(column) : column;
}

/** When the row was read, among the columns of a plan. It differs in every run, so that it is never compared. */
export function extractedColumn(columns: readonly { readonly name: string }[]): string {
  return stampName('extracted_at', new Set(columns.map((column) => column.name)));
}

/**
 * The column of the rows' ids among the columns of a plan, all or some: those of a source or of a rule, which may have the
 * same name, have evidence for their types. Undefined where it is not among them.
 */
export function idColumnOf(
  columns: readonly { readonly name: string; readonly evidence?: string | undefined }[],
): string | undefined {
  return columns.find(({ evidence, name }) => isIdName(name) && evidence === undefined)?.name;
}

/** Whether a column of a plan is the service's and has left its usual name to the source. */
export function hasYielded({
  evidence,
  name,
}: {
  readonly name: string;
  readonly evidence?: string | undefined;
}): boolean {
  return evidence === undefined && serviceColumns.some((column) => name === yieldedName(column));
}

/** Whether a column of the service may have this name. */
export function isServiceName(name: string): boolean {
  return serviceColumns.some((column) => name === column || name === yieldedName(column));
}
