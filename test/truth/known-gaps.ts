import type { Situation } from './model.ts';

/**
 * Situations in which a defect is known and not yet mended: a run that meets one ends its scenario, unjudged. To be
 * empty, for every name here is a kind of run that may say `success` and be wrong.
 */
export const knownGaps: ReadonlySet<Situation> = new Set<Situation>([
  // A run of which all or most rows are rejected is a success.
  'more than half rejected',
  // Rows whose new version was rejected are deleted.
  'replace with rejected rows',
  // The source's `created_at` becomes `created_at_2`.
  'a column named like one of the service',
  // A source without rows fails with key columns, and makes an empty table.
  'no rows',
  // A column without a value is made, as text.
  'a column without a value',
  // A number in a text column is not written as in the source: 2.50 becomes 2.5.
  'a JSON number in a text column',
  // A column that the source no longer has keeps its values.
  'replace without a column of the table',
]);
