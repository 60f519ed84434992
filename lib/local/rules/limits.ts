/**
 * Every limit the local DSQL holds, at DSQL's own value by default. Tests lower them, so that a limit of minutes is
 * reached in seconds. Sources: "Cluster quotas and database limits" of the Aurora DSQL user guide, and live responses.
 */
export interface LocalLimits {
  /** Rows inserted, updated or deleted in a transaction, those of cascades included. */
  readonly transactionRows: number;
  /** Bytes a transaction may modify, as accounted with index entries; refused at COMMIT. */
  readonly transactionBytes: number;
  /** Age in seconds at which a transaction can no longer commit. */
  readonly transactionSeconds: number;
  /** Seconds after which a connection is closed. */
  readonly connectionSeconds: number;
  /** Connections open at once. */
  readonly connections: number;
  /** New connections a second, refilled continuously. */
  readonly connectionRate: number;
  /** New connections that may come at once. */
  readonly connectionBurst: number;
  /** Seconds a client gets to finish TLS and send its token. The guard's own, no limit of DSQL's. */
  readonly handshakeSeconds: number;
  /** Bytes of one protocol message. */
  readonly messageBytes: number;
  readonly rowBytes: number;
  readonly columnBytes: number;
  /** Columns of a table. */
  readonly tableColumns: number;
  /** Columns of a primary key or index. */
  readonly keyColumns: number;
  /** Bytes of all key columns of a row together. */
  readonly keyBytes: number;
  /** Declared bytes of the key columns together. */
  readonly declaredKeyBytes: number;
  /** Indexes of a table, its primary key and unique constraints included. */
  readonly tableIndexes: number;
  readonly charBytes: number;
  readonly varcharBytes: number;
  readonly tables: number;
  /** Schemas besides public and sys. */
  readonly schemas: number;
  readonly views: number;
  /** Bytes of a view's definition: 2 MiB by the quotas page, some 120 KiB on a live cluster. */
  readonly viewBytes: number;
  /** Kilobytes of temporary space of a session's query. */
  readonly tempKilobytes: number;
  readonly sequences: number;
  /** Extended statistics of a table. */
  readonly tableStatistics: number;
}

export const dsqlLimits: LocalLimits = {
  transactionRows: 3_000,
  transactionBytes: 10 * 1024 * 1024,
  transactionSeconds: 300,
  connectionSeconds: 3_600,
  connections: 10_000,
  connectionRate: 100,
  connectionBurst: 1_000,
  handshakeSeconds: 10,
  messageBytes: 10 * 1024 * 1024,
  rowBytes: 2 * 1024 * 1024,
  columnBytes: 1024 * 1024,
  tableColumns: 255,
  keyColumns: 8,
  keyBytes: 1_981,
  declaredKeyBytes: 2_000,
  tableIndexes: 24,
  charBytes: 4_096,
  varcharBytes: 65_535,
  tables: 1_000,
  schemas: 10,
  views: 5_000,
  viewBytes: 120 * 1024,
  tempKilobytes: 131_072,
  sequences: 5_000,
  tableStatistics: 5,
};
