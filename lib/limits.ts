/** Aurora DSQL's limits as of autumn 2026, where the loader has to know them (user guide, "Cluster quotas and database limits"). */

/** Bytes of one row. */
export const maxRowBytes = 2 * 1024 * 1024;

/** Bytes of one value. */
export const maxValueBytes = 1024 * 1024;

/** Columns a primary key or an index may have. */
export const maxKeyColumns = 8;

/** Columns a table may have. */
export const maxTableColumns = 255;

/** Bytes of an identifier in PostgreSQL; longer ones are cut silently. */
export const maxIdentifierBytes = 63;

/** A connection is ended by the cluster after 60 minutes; ours are renewed before. */
export const connectionLifetimeSeconds = 55 * 60;

/** A transaction is ended by the cluster after 5 minutes. */
export const transactionLifetimeSeconds = 300;

/** Rows that one transaction may change. */
export const maxTransactionRows = 3_000;
