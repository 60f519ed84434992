import type { Manifest } from '../../manifest.ts';
import { RowsUnaccountedError } from '../errors.ts';

/** @throws {RowsUnaccountedError} when the rows that were read are not all accounted for */
export function checkCounts(counts: Manifest['counts']): void {
  const found = counts.rows_filtered + counts.rows_deduplicated + counts.rows_rejected + counts.rows_clean;
  if (found !== counts.rows_read) {
    throw new RowsUnaccountedError({ where: 'Adding up the rows', expected: counts.rows_read, found });
  }
}
