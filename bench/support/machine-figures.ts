/** What the functions of the state machine took of a run whose source is cleaned in pieces. */
export interface MachineFigures {
  readonly rows: number;
  /** Of the source. */
  readonly bytes: number;
  readonly slices: number;
  readonly buckets: number;
  /** Of the whole run, each function one call at a time, into a local DSQL. */
  readonly seconds: number;
  /** Of the longest history, and of the largest payload in bytes. */
  readonly events: number;
  readonly payload: number;
  readonly calls: readonly {
    /** The function, and what it was asked for. */
    readonly name: string;
    readonly calls: number;
    readonly longest_seconds: number;
    readonly peak_mb: number;
    readonly memory_mb: number;
    /** Bytes that one call has read of S3 at the most. */
    readonly most_read: number;
  }[];
}

/** Where `test/infra/scattered-scale.long.test.ts` keeps them. */
export const machineFile = 'bench/machine-figures.json';
