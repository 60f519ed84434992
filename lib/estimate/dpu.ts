import type { LoadSize } from '../load/measure-load.ts';

/*
 * The DPU of a load by the formulas of the user guide of Aurora DSQL ("How billing works"): of each transaction what it
 * writes, what it reads, and the seconds of processors. The first two are computed; the third is assumed.
 */

/** DPU of a byte written; a row counts as 128 bytes at the least, an entry of an index too, and a transaction as 1,024. */
const writeDpuPerByte = 0.000_048_83;
const leastRowBytes = 128;
const leastWrittenBytes = 1_024;

/** DPU of a byte read; a transaction counts as 2,048 bytes at the least. */
const readDpuPerByte = 0.000_001_831_05;
const leastReadBytes = 2_048;

/**
 * Assumed seconds of processors for a row: the guide's example, an insert of 100 rows of 100 bytes, is 0.709 DPU, and the
 * formulas give 0.629 for what it writes and reads.
 */
export const computeDpuPerRow = 0.0008;

/** What becomes of the rows of a load. */
export interface WrittenRows {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
}

/** The DPU of a load by their parts. */
export interface Dpu {
  readonly write: number;
  readonly read: number;
  readonly compute: number;
  /** Of the other Region of a pair, which is as much as is written. */
  readonly replicated: number;
  readonly total: number;
}

/**
 * @param indexes  of the table besides its primary key
 * @param paired   whether the cluster is one of two Regions
 */
export function dpuOf(
  size: Pick<LoadSize, 'row_bytes' | 'transactions'>,
  rows: WrittenRows,
  indexes: number,
  paired: boolean,
): Dpu {
  const changed = rows.inserted + rows.updated;
  const rowBytes = Math.max(size.row_bytes, leastRowBytes) + indexes * leastRowBytes;
  const deletedBytes = rows.deleted * (1 + indexes) * leastRowBytes;
  // Each transaction writes its row of the ledger beside the rows.
  const ledgerBytes = size.transactions * leastRowBytes;
  const bytes = Math.max(changed * rowBytes + deletedBytes + ledgerBytes, size.transactions * leastWrittenBytes);
  const met = rows.updated + rows.unchanged + rows.deleted;
  const write = bytes * writeDpuPerByte;
  const read = Math.max(met * size.row_bytes, size.transactions * leastReadBytes) * readDpuPerByte;
  const compute = (changed + rows.unchanged + rows.deleted) * computeDpuPerRow;
  const replicated = paired ? write : 0;
  return { write, read, compute, replicated, total: write + read + compute + replicated };
}
