import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { RunMetric, ServiceMetric } from '../../lib/metric-names.ts';
import type { RunResult } from '../../lib/run/result.ts';
import { metrics } from './middleware.ts';

/** How many successes a pipeline must have had, all with rows, for a source without rows to be a surprise. */
const fullRunsBefore = 3;

/** Status and counts of a run as CloudWatch metrics (EMF), by service and pipeline. */
export function addRunMetrics(result: RunResult): void {
  const counts: Readonly<Partial<Record<RunMetric, number>>> =
    result.status === 'skipped'
      ? { [result.error_code === 'already_running' ? 'RunsSkipped' : 'RunsUnchanged']: 1 }
      : {
          [result.status === 'success' ? 'RunsSucceeded' : 'RunsFailed']: 1,
          RowsRead: result.rows_read,
          RowsFiltered: result.rows_filtered,
          RowsDeduplicated: result.rows_deduplicated,
          RowsRejected: result.rows_rejected,
          RowsLoaded: result.rows_loaded,
          ConflictRetries: result.conflict_retries,
        };
  metrics.addDimension('pipeline', result.pipeline_name);
  for (const [name, count] of Object.entries(counts)) metrics.addMetric(name, MetricUnit.Count, count);
  if (result.status !== 'skipped') {
    metrics.addMetric('RunSeconds' satisfies RunMetric, MetricUnit.Seconds, result.execution_time_seconds);
  }
}

/**
 * What alarms look at in a success: too many rejected rows, and a source without rows that always had some.
 *
 * @param before        rows read by the pipeline's successes before this one
 * @param rejectedRatio the share of rejected rows, 0 to 1, above which a run is counted
 */
export function addSurprises(result: RunResult, before: readonly number[], rejectedRatio: number): void {
  if (result.rows_read > 0 && result.rows_rejected / result.rows_read > rejectedRatio) count('RunsWithManyRejected');
  const alwaysFull = before.length >= fullRunsBefore && before.every((rows) => rows > 0);
  if (result.rows_read === 0 && alwaysFull) count('SourcesEmpty');
}

/** An object waits for longer than the alarm allows. */
export function addOverdueObjects(): void {
  count('ObjectsOverdue');
}

/** A deployment has ended. */
export function addDeployment(): void {
  count('Deployed');
}

/** Publishes one of the service at once, without the dimensions of a pipeline. */
function count(name: ServiceMetric): void {
  metrics.singleMetric().addMetric(name, MetricUnit.Count, 1);
}
