import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { RunResult } from '../../lib/run/result.ts';
import { metrics } from './middleware.ts';

/** Counts of a run as CloudWatch metrics (EMF), by pipeline. */
export function addRunMetrics(result: RunResult): void {
  metrics.addDimension('pipeline', result.pipeline_name);
  metrics.addMetric(result.status === 'success' ? 'RunsSucceeded' : 'RunsFailed', MetricUnit.Count, 1);
  metrics.addMetric('RowsRead', MetricUnit.Count, result.rows_read);
  metrics.addMetric('RowsLoaded', MetricUnit.Count, result.rows_loaded);
  metrics.addMetric('RowsRejected', MetricUnit.Count, result.rows_rejected);
  metrics.addMetric('ConflictRetries', MetricUnit.Count, result.conflict_retries);
  metrics.addMetric('RunSeconds', MetricUnit.Seconds, result.execution_time_seconds);
}
