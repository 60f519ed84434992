/** How a run of one pipeline ended, in numbers that add up; one element of `etl run --json`. */
export interface RunResult {
  readonly run_id: string;
  readonly pipeline_name: string;
  readonly status: 'success' | 'failed' | 'skipped';
  readonly target_table: string;
  /** ISO 8601, UTC. */
  readonly start_time: string;
  readonly end_time: string;
  readonly execution_time_seconds: number;
  /** Rows loaded, by the article's name. */
  readonly processed_records: number;
  /** read = filtered + deduplicated + rejected + loaded */
  readonly rows_read: number;
  readonly rows_filtered: number;
  readonly rows_deduplicated: number;
  readonly rows_rejected: number;
  /** loaded = inserted + updated + unchanged */
  readonly rows_loaded: number;
  readonly rows_inserted: number;
  readonly rows_updated: number;
  readonly rows_unchanged: number;
  /** Rows of the table that `replace` took away. */
  readonly rows_deleted: number;
  readonly bytes_read: number;
  readonly conflict_retries: number;
  /** What was compared after the load and found, e.g. `full: 3,500 rows`; null when nothing was. */
  readonly verified: string | null;
  /** What a person should know though nothing failed; one sentence each. */
  readonly warnings: readonly string[];
  /** The run was found unfinished and went on. */
  readonly resumed: boolean;
  /** The stage that failed, or why a run was skipped is in `error_message`. */
  readonly stage: Stage | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

export type Stage = 'start' | 'extract' | 'transform' | 'load' | 'record';

/** The counts of a run; zero until a stage has found them out. */
export type RunCounts = Pick<
  RunResult,
  | 'rows_read'
  | 'rows_filtered'
  | 'rows_deduplicated'
  | 'rows_rejected'
  | 'rows_loaded'
  | 'rows_inserted'
  | 'rows_updated'
  | 'rows_unchanged'
  | 'rows_deleted'
  | 'bytes_read'
  | 'conflict_retries'
>;

export const noCounts: RunCounts = {
  rows_read: 0,
  rows_filtered: 0,
  rows_deduplicated: 0,
  rows_rejected: 0,
  rows_loaded: 0,
  rows_inserted: 0,
  rows_updated: 0,
  rows_unchanged: 0,
  rows_deleted: 0,
  bytes_read: 0,
  conflict_retries: 0,
};
