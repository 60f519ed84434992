import type { warningRemedies } from './remedies/remedies.ts';

export type WarningKind = keyof (typeof warningRemedies)['en'];

/** What the warnings of each kind are recognised by; the log keeps nothing of them but their text. */
const patterns: Readonly<Record<WarningKind, RegExp>> = {
  rows_rejected: /^[\d,]+ rows? (was|were) rejected: /,
  rows_refused: /^[\d,]+ rows? (was|were) refused by the database: /,
  empty_file: /^The file .* is empty and was passed over\.$/s,
  object_not_read: /^(s3:\/\/.* was not read: |[\d,]+ more objects were not read; )/s,
  lists_skipped: /^The lists of for_each leave out /,
  parents_skipped: /^The rows of parents are left out for which /,
  error_in_response: / answered \d+ and says by .* that it is an error/s,
  names_left_out: / are the members of an object, and their names are left out\./,
  total_absent: / has no number at pagination\./,
  total_shrank: /^The total of .* went from \d+ to \d+ while its pages were read/s,
  pages_unread: / Set pagination; or max_pages where the rest is left out on purpose\.$/,
  ahead_of_time: /^Rows have a .* which is ahead of time\./s,
  nanoseconds: / of the Parquet file may hold nanoseconds/,
  hot_key: /^Key column .* only grows, so all writes meet in one partition/s,
  range_adds_again: /^--from and --to read rows that may be in the table already/,
  new_column: /^The source has a new column /,
  missing_column: /^The source has no column .*, which the table has; /s,
  column_left_out: /^The configuration leaves out the column .*, which the table has; /s,
  absent_name: /^\S+ names the column .*, which the source does not have\.$/s,
  renamed_column: /^The column .* of the source is loaded as .*, for .* is a column of the service\.$/s,
  other_type: /^columns declares .*, and the table has .*: each value has to fit both\.$/s,
};

export const warningKinds = Object.keys(patterns) as readonly WarningKind[];

/** The kind of a warning by its text; undefined of one of another release. */
export function warningKindOf(text: string): WarningKind | undefined {
  return warningKinds.find((kind) => patterns[kind].test(text));
}
