import type { Remedies } from '../remedy.ts';

/** Of the target, in English. */
export const target = {
  batch_failed: {
    means: 'The database refused a batch for good; what was loaded before stays.',
    todo: 'Remove the cause that the message names, and run again: the run goes on with the rest.',
  },
  conflict_retries_exhausted: {
    means: 'Other writers were on the same rows for longer than all retries.',
    todo: 'Run again when they are done; lower `load_concurrency`.',
  },
  index_failed: {
    means: 'An index could not be built; the rows are loaded.',
    todo: 'Drop the index, remove the cause, and run again.',
  },
  lease_lost: { means: 'Another run took over.', todo: 'Nothing; that run finishes the work.' },
  newer_state: {
    means: "The service's tables were made by a newer release.",
    todo: 'Update dsql-etl to the release that made them.',
  },
  replace_needs_key: {
    means: '`replace` needs to know which row is which, and the table was not made by this service.',
    todo: 'Set `key_columns`.',
  },
  rows_skipped: {
    means: 'The database has written other rows than it was sent; nothing of the batch was committed.',
    todo: 'Run again; if it stays so, look for a trigger or rule of the table.',
  },
  statement_refused: {
    means: 'The database refused a statement for a reason that a repetition does not change.',
    todo: 'Correct what the message says.',
  },
  table_busy: {
    means: 'Other runs have been changing the same table (columns, indexes) for five minutes.',
    todo: "Run again; `SELECT * FROM etl_state WHERE pipeline_name LIKE 'ddl %'` shows who holds it.",
  },
  table_mismatch: {
    means: 'The table exists and cannot take the rows.',
    todo: 'Change the table or the configuration as the message says.',
  },
  table_vanished: { means: 'Someone else dropped the table while it was being prepared.', todo: 'Run again.' },
  privilege_missing: {
    means: 'The role that is connected may not do what a statement asks for.',
    todo: 'As admin: `GRANT SELECT ON` the table that the message names `TO` the role, e.g. for a table of `for_each.query`.',
  },
  target_access_denied: {
    means: 'The target refused the token or the role.',
    todo: 'In AWS deploy again: the bootstrap restores the mapping of the role. Elsewhere check the credentials, the permission `dsql:DbConnect` and `aurora_dsql.region`.',
  },
  target_unavailable: { means: 'The cluster does not answer.', todo: 'See the AWS Health Dashboard; run again.' },
  verify_failed: {
    means: 'What is in the table is not what was read.',
    todo: 'Find what else writes to the table or changes values, e.g. a trigger; then run again with `--again`.',
  },
} as const satisfies Remedies;
