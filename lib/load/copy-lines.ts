import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import type { Column } from '../manifest.ts';
import type { TargetTable } from './target-table.ts';

/** The statement that takes the lines of a batch. */
export function copyStatement(table: TargetTable, columns: readonly Column[]): string {
  return `COPY ${quoteTable(table.name)} (${columns.map((column) => quoteIdentifier(column.name)).join(', ')}) FROM STDIN`;
}
