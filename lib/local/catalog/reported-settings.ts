/** The version DSQL calls itself by. */
export const serverVersion = '16.15';

/** Settings that DSQL reports and the PostgreSQL behind the guard has otherwise, by their names in lower case. */
export const reportedSettings: ReadonlyMap<string, string> = new Map([
  ['server_version', serverVersion],
  ['server_version_num', '160015'],
  ['max_connections', '20'],
]);
