import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { metricNamespace, type RunMetric, type ServiceMetric } from '../metric-names.ts';
import type { TargetCluster } from './cluster.ts';

/** One of a pipeline's metrics, added up over each period. */
export function runMetric(service: string, pipeline: string, metricName: RunMetric, period: Duration): Metric {
  return new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: { service, pipeline },
    statistic: 'Sum',
    period,
    label: labelOf(metricName),
  });
}

/** One of the service's metrics, added up over each period. */
export function serviceMetric(service: string, metricName: ServiceMetric, period: Duration): Metric {
  return new Metric({ namespace: metricNamespace, metricName, dimensionsMap: { service }, statistic: 'Sum', period });
}

/** One of the cluster's metrics (user guide, "Monitoring Aurora DSQL with Amazon CloudWatch"), added up over each period. */
export function clusterMetric({ identifier }: TargetCluster, metricName: string, period: Duration): Metric {
  return new Metric({
    namespace: 'AWS/AuroraDSQL',
    metricName,
    dimensionsMap: { ClusterId: identifier },
    statistic: 'Sum',
    period,
  });
}

/** Hours since a pipeline's source was last found loaded, by a success or by a run that found nothing new. */
export function freshness(service: string, pipeline: string): IMetric {
  const period = Duration.minutes(5);
  return new MathExpression({
    expression: '(EPOCH(s) - FILL(IF(s > 0, EPOCH(s)), REPEAT)) / 3600',
    usingMetrics: { s: currentRuns(service, pipeline, period) },
    label: 'hours since the last success',
    period,
  });
}

/** Runs after which the target holds what the source has. */
export function currentRuns(service: string, pipeline: string, period: Duration): MathExpression {
  return new MathExpression({
    expression: 'FILL(ok, 0) + FILL(same, 0)',
    usingMetrics: {
      ok: runMetric(service, pipeline, 'RunsSucceeded', period),
      same: runMetric(service, pipeline, 'RunsUnchanged', period),
    },
    label: 'successes',
    period,
  });
}

function labelOf(metric: RunMetric): string {
  return metric
    .replace(/^(Runs|Rows)(?=[A-Z])/, '')
    .replace(/(?<=[a-z])([A-Z])/g, ' $1')
    .toLowerCase();
}
