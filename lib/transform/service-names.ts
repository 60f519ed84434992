import { cleanName } from '../cleaned-name.ts';
import { type StampColumn, stampColumns, yieldedName } from '../service-columns.ts';
import type { TargetColumn } from './request.ts';

/** The names that the columns of the service have beside those of a source. */
export interface ServiceNames {
  /** Names that no column of the source may get. */
  readonly taken: readonly string[];
  /** Of the column that tells when a row was read. */
  readonly extractedAt: string;
}

/**
 * In a table that the service makes, the source's columns keep their names, and the times of the service yield; `uuid_id` and
 * the names to which they yield are the service's own. A table that
 * exists has its names already; one of somebody else has no times of the service.
 */
export function serviceNames(
  sourceNames: readonly string[],
  targetColumns: readonly TargetColumn[] | undefined,
): ServiceNames {
  const present = targetColumns === undefined ? undefined : new Set(targetColumns.map((column) => column.name));
  const wanted = new Set(sourceNames.map((name, index) => cleanName(name, index + 1)));
  const ours = present === undefined || present.has('uuid_id');
  const nameOf = (column: StampColumn): string => {
    const yields = present === undefined ? wanted.has(column) : present.has(yieldedName(column));
    return yields ? yieldedName(column) : column;
  };
  const extractedAt = nameOf('extracted_at');
  // Where the service's own has its usual name, a column of the source of the other one could not be told from it later.
  const own = ours ? new Set([...stampColumns.map(nameOf), ...stampColumns.map(yieldedName)]) : [extractedAt];
  return { taken: ['uuid_id', ...own], extractedAt };
}
