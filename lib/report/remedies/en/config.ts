import type { Remedies } from '../remedy.ts';

/** Of the configuration, in English. */
export const config = {
  bad_lookup: {
    means: 'What a lookup rule looks up cannot be used; nothing was loaded.',
    todo: 'Mend the looked-up table or file, or choose other columns for `on`.',
  },
  bad_rule: {
    means: 'A business rule does not fit the source: its syntax, a column, or a function that is not offered.',
    todo: 'Correct the configuration, which `etl check` tries, and deploy.',
  },
  config_not_editable: {
    means: 'The text of the configuration cannot be edited; nothing was written.',
    todo: 'Write the settings out instead of an alias, or edit the file by hand.',
  },
  config_not_found: {
    means: 'There is no configuration where one was looked for.',
    todo: 'Make one with `etl init`, or give one with `--config`.',
  },
  contract_mismatch: {
    means: 'The table has columns whose types cannot hold what `columns` declares; nothing was loaded.',
    todo: 'Declare what the table holds, or load into another table.',
  },
  identifier_too_long: {
    means: 'A name of a table or column is longer than the database keeps.',
    todo: 'Choose a shorter one with `columns` or `target_table`.',
  },
  invalid_config: {
    means: 'The configuration breaks its contract.',
    todo: 'Correct every line of the message; `etl check` says whether all is right.',
  },
  rename_collision: {
    means: 'A name chosen for a column belongs to another one, or to the service.',
    todo: 'Choose another name, or leave the other column out with `exclude`.',
  },
  repeated_column: { means: 'Two names of one list mean the same column.', todo: 'Name it once.' },
  rule_failed: {
    means: 'A row has what a business rule with `on_failure: fail` does not allow; nothing was loaded.',
    todo: 'Mend the source, or let the rule reject such rows.',
  },
  rule_timeout: {
    means: 'Business rules take far longer than reading the source does.',
    todo: 'Simplify the rule that the message names, or raise `rule_timeout_seconds`.',
  },
  table_shape: {
    means: 'The table would have more columns than DSQL allows, or none.',
    todo: 'Load fewer columns, or nest the variable keys in one object.',
  },
  too_many_columns: {
    means: 'The source has more columns than a DSQL table holds.',
    todo: 'Nest the variable keys in one object, which becomes `jsonb`, or load fewer columns.',
  },
  unknown_column: {
    means: 'A setting names a column that the source does not have.',
    todo: 'Correct the name; the message lists the columns.',
  },
  unknown_pipeline: {
    means: 'A pipeline is named that the configuration does not have.',
    todo: 'Correct the name; the message lists the pipelines.',
  },
} as const satisfies Remedies;
