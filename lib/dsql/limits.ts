/** Aurora DSQL's limits as of autumn 2026, where the loader has to know them (user guide, "Cluster quotas and database limits"). */

/** Rows a transaction may change; index entries do not count, cascades do. */
export const maxTransactionRows = 3_000;

/** Bytes a transaction may change, as the cluster accounts them (with index entries); checked at COMMIT. */
export const maxTransactionBytes = 10 * 1024 * 1024;

/** Bytes of one row. */
export const maxRowBytes = 2 * 1024 * 1024;

/** Bytes of one value outside of keys. */
export const maxColumnBytes = 1024 * 1024;

/** Columns a primary key or an index may have. */
export const maxKeyColumns = 8;

/** Columns a table may have. */
export const maxTableColumns = 255;

/** Bytes of an identifier in PostgreSQL; longer ones are cut silently. */
export const maxIdentifierBytes = 63;

/** A connection is ended by the cluster after 60 minutes; ours are renewed before. */
export const connectionLifetimeSeconds = 55 * 60;
