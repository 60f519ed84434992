/** Bytes of one record at most, as text or JSON; a longer one is given up. Eight times what a row of Aurora DSQL can hold. */
export const maxRecordBytes = 16 << 20;
