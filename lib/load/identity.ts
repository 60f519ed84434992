import { maxKeyColumns } from '../limits.ts';
import { ReplaceNeedsKeyError } from './errors.ts';
import { type TargetTable, tableText } from './target-table.ts';

/** What tells one row of the table from another, in the chunks too; none where the table is not ours and has no key. */
export function identityOf(table: TargetTable, keyColumns: readonly string[]): readonly string[] {
  return table.idColumn !== undefined ? [table.idColumn] : keyColumns.slice(0, maxKeyColumns);
}

/** Refuses a replacement whose rows cannot be told apart. */
export function checkReplaceable(table: TargetTable, keyColumns: readonly string[]): void {
  if (identityOf(table, keyColumns).length === 0) throw new ReplaceNeedsKeyError(tableText(table.name));
}
