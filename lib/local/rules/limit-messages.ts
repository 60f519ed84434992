/** DSQL's messages for limits that a statement's text can break by itself or together with what the catalog holds. */
export const limitMessages = {
  tableColumns: (most: number) => `tables can have at most ${most} columns`,
  tableIndexes: (most: number) => `more than ${most} indexes per table are not allowed`,
  keyColumns: (most: number) => `more than ${most} column keys in an index are not supported`,
  declaredKeyBytes: (most: number) => `key size greater than ${most} bytes not supported`,
} as const;
