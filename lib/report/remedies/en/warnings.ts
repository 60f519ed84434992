import type { Remedies } from '../remedy.ts';

/** Of each kind of warning, in English. */
export const warnings = {
  absent_name: {
    means: 'A setting names a column that the source does not have.',
    todo: 'Correct the name, or remove it.',
  },
  ahead_of_time: {
    means: 'Rows have a time in the future. They are loaded, and do not move the watermark.',
    todo: 'Check the clock or time zone of what writes them; `incremental.cursor_format` may be wrong.',
  },
  column_left_out: {
    means: 'The configuration leaves out a column that the table has.',
    todo: 'Nothing where it is meant; else take the column back into the configuration.',
  },
  empty_file: {
    means: 'A file without content was passed over; the others were read.',
    todo: 'Nothing where that is usual; else check what wrote it.',
  },
  error_in_response: {
    means: 'A response looks like an error and was taken for none, as `on_incomplete: warn` says.',
    todo: 'Check that page of the API; remove `on_incomplete: warn` if it is an error.',
  },
  hot_key: {
    means: 'The leading key column only grows, so that all writes meet in one partition of its index.',
    todo: 'If loads get slow, put a column of many values before it in `key_columns`.',
  },
  lists_skipped: {
    means: 'Values for `for_each` are missing, because the API answered some requests with one of `skip_statuses`.',
    todo: 'Check in the API whether these are really gone; else take the status out of `skip_statuses`.',
  },
  missing_column: {
    means: 'The source lacks a column that the table has.',
    todo: 'Check the source; `on_missing_column: fail` stops such runs.',
  },
  names_left_out: {
    means: 'The rows are the members of an object, and their names are in no column.',
    todo: 'Set `record_name_column` to keep them.',
  },
  nanoseconds: {
    means: 'A Parquet column may hold nanoseconds, of which microseconds are loaded.',
    todo: 'Write microseconds, to be sure that nothing is cut.',
  },
  new_column: {
    means: 'The source has a column that the table did not have.',
    todo: 'Nothing where it is welcome; `on_new_column` and `columns` say what becomes of such columns.',
  },
  object_not_read: {
    means: 'An object that landed in S3 was not read, for the reason that stands there.',
    todo: 'Nothing where the reason is in order; else put the object again, which is a new event.',
  },
  other_type: {
    means: 'A column is declared with another type than the table has; each value has to fit both.',
    todo: "Declare the table's type.",
  },
  pages_unread: {
    means: 'The API may have more rows than were read.',
    todo: 'Set `pagination`, and run again; or `max_pages` where the rest is left out on purpose.',
  },
  parents_skipped: {
    means: 'Rows of some parents are missing, because the API answered with one of `skip_statuses`.',
    todo: 'Check in the API whether these are really gone; else take the status out of `skip_statuses`. The next run asks for them again.',
  },
  range_adds_again: {
    means: '`--from` and `--to` read rows that may be in the table already, and this load mode adds them again.',
    todo: 'Set `key_columns` with `load_mode: upsert`; take this run back if rows are doubled.',
  },
  renamed_column: {
    means: 'A column of the source has another name in the table, because its own belongs to the service.',
    todo: 'Nothing; give it a name of your choice with `rename` if you like.',
  },
  rows_refused: {
    means: 'The database refused some rows for their values; they were kept aside.',
    todo: "Look at the rejected rows; change the rows, or the table's constraint that the message names.",
  },
  rows_rejected: {
    means: 'Some rows do not fit the configuration and were kept aside.',
    todo: 'Look at the rejected rows, mend the source or the configuration, and run them again.',
  },
  total_absent: {
    means: 'The place where the total of rows should stand has none, so completeness is not checked by it.',
    todo: 'Correct or remove the setting that is named.',
  },
  total_shrank: {
    means: 'Rows vanished from the API while its pages were read, so that others may have moved past the reader.',
    todo: 'Use a cursor, or an order in which rows do not move; then run again with `--again`.',
  },
} as const satisfies Remedies;
