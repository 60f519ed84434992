import { cleanName } from '../cleaned-name.ts';
import { idColumn, type ServiceColumn, serviceColumns, stampColumns, yieldedName } from '../service-columns.ts';
import type { TargetColumn } from './request.ts';

/** The names that the columns of the service have beside those of a source. */
export interface ServiceNames {
  /** Names that no column of the source may get. */
  readonly taken: readonly string[];
  /** Of the column of the rows' ids. */
  readonly id: string;
  /** Of the column that tells when a row was read. */
  readonly extractedAt: string;
}

/**
 * In a table that the service makes, the source's columns keep their names, and those of the service yield; the names to
 * which they yield are the service's own. A table that exists has its names already; one of somebody else has no columns
 * of the service.
 */
export function serviceNames(
  sourceNames: readonly string[],
  targetColumns: readonly TargetColumn[] | undefined,
): ServiceNames {
  const present = targetColumns === undefined ? undefined : new Set(targetColumns.map((column) => column.name));
  const wanted = new Set(sourceNames.map((name, index) => cleanName(name, index + 1)));
  const key = targetColumns?.find((column) => column.isId)?.name;
  const nameOf = (column: ServiceColumn): string => {
    const yields = present === undefined ? wanted.has(column) : present.has(yieldedName(column));
    return yields ? yieldedName(column) : column;
  };
  const extractedAt = nameOf('extracted_at');
  if (present !== undefined && key === undefined) {
    const id = wanted.has(idColumn) ? yieldedName(idColumn) : idColumn;
    return { taken: [id, extractedAt], id, extractedAt };
  }
  const id = key ?? nameOf(idColumn);
  // A column of the source could not be told later from one of the service to whose other name it has.
  const own = new Set([id, ...stampColumns.map(nameOf), ...serviceColumns.map(yieldedName)]);
  // A table of an earlier release may have a column of the source that has the name to which its id would yield.
  const ofSource = present?.has(yieldedName(idColumn)) === true && id === idColumn ? yieldedName(idColumn) : undefined;
  return { taken: [...own].filter((name) => name !== ofSource), id, extractedAt };
}
