import { type ColumnDrift, columnDrift } from '../report/column-drift.ts';
import type { RunColumns } from '../state/run-series.ts';

/** A run whose columns were others than those of the success before it. */
export interface DriftedRun extends Pick<RunColumns, 'run_id' | 'start_time'> {
  readonly drift: readonly ColumnDrift[];
}

/** What changed in the columns from run to run. @param history  newest first @returns newest first */
export function driftedRuns(history: readonly RunColumns[]): readonly DriftedRun[] {
  return history.flatMap(({ columns, run_id, start_time }, index) => {
    const drift = columnDrift(history[index + 1], { columns });
    return drift.length === 0 ? [] : [{ run_id, start_time, drift }];
  });
}
