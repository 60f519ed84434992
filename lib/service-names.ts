/** Names in the target that belong to the service or to PostgreSQL, and what they begin with; no pipeline may use them. */

/** Tables in `public`; `serviceTables` makes them. */
export const serviceTableNames: readonly string[] = [
  'etl_execution_log',
  'etl_load_ledger',
  'etl_state',
  'etl_lease',
  'etl_version',
  'etl_watermark',
  'etl_object',
  'etl_rejected_row',
];

/** Schemas of the database's own catalog. */
export const catalogSchemas: readonly string[] = ['pg_catalog', 'pg_toast', 'information_schema', 'sys'];

/** `etl_state` has a row for each pipeline, and one that begins like this while a table's schema is being changed. */
export const ddlLeasePrefix = 'ddl ';

/** And one that begins like this for each load function in AWS that works. */
export const loadSlotPrefix = 'load slot ';
