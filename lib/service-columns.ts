/** Columns that the service adds to tables that it makes. `uuid_id` keeps its name whatever the source has. */
export const stampColumns = ['created_at', 'updated_at', 'extracted_at'] as const;
export type StampColumn = (typeof stampColumns)[number];

/** The name of a column of the service in a table whose source has a column of the usual one. */
export function yieldedName(column: StampColumn): string {
  return `etl_${column}`;
}

/** The name that a column of the service has beside these others: the source keeps its own names. */
export function stampName(column: StampColumn, present: { readonly has: (name: string) => boolean }): string {
  return present.has(yieldedName(column)) ? yieldedName(column) : column;
}

/** When the row was read, among the columns of a plan. It differs in every run, so that it is never compared. */
export function extractedColumn(columns: readonly { readonly name: string }[]): string {
  return stampName('extracted_at', new Set(columns.map((column) => column.name)));
}

/** Whether a column of the service may have this name. */
export function isServiceName(name: string): boolean {
  return name === 'uuid_id' || stampColumns.some((stamp) => name === stamp || name === yieldedName(stamp));
}
