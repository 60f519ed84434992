import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { TargetCluster } from './cluster.ts';
import type { Notices } from './notices.ts';
import type { RunMachine } from './run-machine.ts';
import type { StageFunction } from './stage-function.ts';

export interface MonitoringProps {
  readonly machine: RunMachine;
  readonly notify: StageFunction;
  readonly load: StageFunction;
  readonly notices: Notices;
  readonly cluster: TargetCluster;
}

/** Alarms for what no notice of a run reports; each has its section in docs/runbook.md. */
export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { cluster, load, machine, notices, notify } = props;
    const alarm = (name: string, description: string, metric: IMetric, threshold: number, periods = 1): void => {
      new Alarm(this, name, {
        alarmDescription: `${description} See "${name}" in docs/runbook.md.`,
        metric,
        threshold,
        evaluationPeriods: periods,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }).addAlarmAction(new SnsAction(notices.topic));
    };
    const period = Duration.minutes(5);
    alarm('RunsTimedOut', 'A run took longer than allowed.', machine.machine.metricTimedOut({ period }), 1);
    alarm('NotifyFailed', 'A notice of a failure may not have been sent.', notify.function.metricErrors({ period }), 1);
    alarm(
      'EventsLost',
      'An event that should have started a run, or reported the end of one, was not delivered.',
      notices.deadLetters.metricApproximateNumberOfMessagesVisible({ period }),
      1,
    );
    alarm('LoadThrottled', 'Load functions wait for each other.', load.function.metricThrottles({ period }), 100, 3);
    alarm(
      'Conflicts',
      'Transactions of the cluster conflict.',
      new Metric({
        namespace: 'AWS/AuroraDSQL',
        metricName: 'OccConflicts',
        dimensionsMap: { ClusterId: cluster.identifier },
        statistic: 'Sum',
        period,
      }),
      1_000,
      3,
    );
  }
}
