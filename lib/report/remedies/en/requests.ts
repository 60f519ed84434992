import type { Remedies } from '../remedy.ts';

/** Of what is asked of an API, in English. */
export const requests = {
  boundary_unclear: {
    means: 'Among very many rows with the newest value, too many changed to tell which of them are loaded.',
    todo: 'Set `key_columns` and `load_mode: upsert`, which may load a row again without harm.',
  },
  cursor_column_changed: {
    means: 'The watermark belongs to another column than the configuration names now.',
    todo: 'Set `cursor_column` back, or begin anew with `etl reset` or another name of the pipeline.',
  },
  cursor_meaning_unknown: {
    means: 'Values of the cursor column are neither numbers nor times of a known format, so they have no order.',
    todo: 'Set `incremental.cursor_format`, e.g. `"%m/%d/%Y"`; or `cursor_type: text` if the characters sort as the rows came.',
  },
  cursor_unit_unknown: {
    means: 'The API wants times, and the cursor column has numbers of which nobody has said what they count.',
    todo: 'Set `incremental.cursor_format: epoch_seconds` or `epoch_milliseconds`, or `param_format: as_is`.',
  },
  for_each_file: {
    means: 'The file of values has a format that is not read for that.',
    todo: 'Convert it to CSV, TSV, JSON or NDJSON.',
  },
  for_each_query: {
    means: 'Values are asked of the target where there is none.',
    todo: 'Use `for_each.file` or `values` here.',
  },
  invalid_cursor_value: {
    means: "A bound or a watermark is not a value of the cursor column's type.",
    todo: 'Write it as the message says.',
  },
  invalid_endpoint: { means: '`endpoint` and `base_url` make no URL.', todo: 'Correct them.' },
  member_name_collision: {
    means: 'Rows have a column of their own under the name that the name of each should get.',
    todo: 'Give `record_name_column` another name.',
  },
  parent_field_collision: {
    means: 'Rows have a column of their own under the name that a field of their parent should get.',
    todo: 'Give the field another name in `parent.include`.',
  },
  parent_field_missing: {
    means: 'A row of the parent endpoint lacks a field that requests are made of.',
    todo: 'Check the placeholders `{parent.…}` and `parent.include`.',
  },
  parent_path: {
    means: 'A value of a parent would change the path of the requests instead of being one segment of it.',
    todo: 'Leave such parents out with `parent.params`, or send the value in `params` or `body`.',
  },
  range_needs_cursor: {
    means: 'A backfill was asked of a source that has no order.',
    todo: 'Set `incremental.cursor_column`, or leave out `--from` and `--to`.',
  },
  template_path: {
    means: 'A value would change the path of a request instead of being one segment of it.',
    todo: 'Send the value in `params` or `body`, or leave such rows of the parent endpoint out.',
  },
  template_value: {
    means: "A placeholder's value cannot be written as the placeholder wants it.",
    todo: "Correct the placeholder's format, or what it is filled from.",
  },
  too_many_parent_marks: {
    means: 'The watermarks of all parents together are larger than a row of the state table may be.',
    todo: 'Split the parents among pipelines by `parent.params`, or use `load_mode: upsert`, whose watermarks are shorter.',
  },
  window_too_full: {
    means: 'A slice of time has more rows than the API gives, and cannot be halved any more.',
    todo: 'Split the source by `for_each` or `params`, or raise `incremental.split_when.total_over` where the API gives all of them.',
  },
} as const satisfies Remedies;
