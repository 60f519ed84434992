import type { Exploded } from '../manifest.ts';
import type { RunCounts } from '../state/run-log.ts';

/** How a run of one pipeline ended, in numbers that add up; one element of `etl run --json`. */
export interface RunResult extends RunCounts {
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
  /** What was compared after the load and found, e.g. `full: 3,500 rows`; null when nothing was. */
  readonly verified: string | null;
  /** Where rows are elements of a list: how many records there were. */
  readonly exploded?: Exploded | undefined;
  /** The API said that nothing had changed since its rows were loaded. */
  readonly not_modified?: true | undefined;
  /** What a person should know though nothing failed; one sentence each. */
  readonly warnings: readonly string[];
  /** The run was found unfinished and went on. */
  readonly resumed: boolean;
  /** The stage that failed, or why a run was skipped is in `error_message`. */
  readonly stage: Stage | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

/** The stages of a run, in their order. */
export const stages = ['start', 'extract', 'transform', 'load', 'record'] as const;
export type Stage = (typeof stages)[number];
