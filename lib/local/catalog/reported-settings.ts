/** The version DSQL calls itself by. */
export const serverVersion = '16.15';

/** Settings that DSQL reports and the PostgreSQL behind the guard has otherwise, by their names in lower case. */
export const reportedSettings: ReadonlyMap<string, string> = new Map([
  ['server_version', serverVersion],
  ['server_version_num', '160015'],
  ['max_connections', '20'],
]);

/** `on`, as it is by default: CREATE INDEX without ASYNC is refused also on an empty table. */
export const syncIndexSetting = 'disable_sync_create_index';

/**
 * Parameters a session may set, in lower case: by SET, by `set_config`, and when it connects. Source: "Accessing Aurora
 * DSQL with PostgreSQL-compatible clients" of the user guide, which lists them all; any other is refused.
 */
export const settableNames: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'datestyle',
  'extra_float_digits',
  'intervalstyle',
  'timezone',
  'search_path',
  'role',
  'enable_bitmapscan',
  'enable_hashjoin',
  'enable_indexonlyscan',
  'enable_indexscan',
  'enable_material',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_seqscan',
  'dsql.enable_batched_nestloop',
  syncIndexSetting,
]);
