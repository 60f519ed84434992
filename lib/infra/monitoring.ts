import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { successWindowHours } from '../config/schedule-window.ts';
import type { TargetCluster } from './cluster.ts';
import { Dashboards } from './dashboard.ts';
import type { FunctionName } from './function-names.ts';
import { clusterMetric, currentRuns, serviceMetric } from './metrics.ts';
import type { Notices } from './notices.ts';
import type { RunMachine } from './run-machine.ts';
import type { StageFunction } from './stage-function.ts';
import type { WatchedQueue } from './watched-queue.ts';

export interface MonitoringProps {
  readonly config: Config;
  /** Names the service in metrics and dashboard. */
  readonly service: string;
  readonly machine: RunMachine;
  readonly functions: Readonly<Record<FunctionName, StageFunction>>;
  readonly notices: Notices;
  readonly cluster: TargetCluster;
  /** Queues in which events of objects gather. */
  readonly queues?: readonly WatchedQueue[];
}

interface AlarmSettings {
  /** The section of docs/runbook.md, where it is not the alarm's name. */
  readonly section?: string;
  readonly description: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly periods?: number;
  /** Goes off below the threshold, and where there is no data. */
  readonly onLack?: boolean;
}

/** The dashboard, and alarms for what no notice of a run reports; each alarm has its section in docs/runbook.md. */
export class Monitoring extends Construct {
  private readonly notices: Notices;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.notices = props.notices;
    const queues = props.queues ?? [];
    this.ofService(props);
    this.ofRuns(props);
    for (const watched of queues) this.ofQueue(watched, props.config);
    new Dashboards(this, 'Dashboards', {
      ...props,
      machine: props.machine.machine,
      queues: [...queues, { name: 'dead letters', queue: props.notices.deadLetters }],
    });
  }

  private ofService({ cluster, config, functions, machine, notices }: MonitoringProps): void {
    const period = Duration.minutes(5);
    this.alarm('RunsTimedOut', {
      description: 'A run took longer than allowed.',
      metric: machine.machine.metricTimedOut({ period }),
      threshold: 1,
    });
    this.alarm('NotifyFailed', {
      description: 'A notice of a failure may not have been sent.',
      metric: functions.notify.function.metricErrors({ period }),
      threshold: 1,
    });
    this.alarm('EventsLost', {
      description: 'An event that should have started a run, or reported the end of one, was not delivered.',
      metric: notices.deadLetters.metricApproximateNumberOfMessagesVisible({ period }),
      threshold: 1,
    });
    this.alarm('LoadThrottled', {
      description: 'The account runs as many functions as it may, and load functions wait.',
      metric: functions.load.function.metricThrottles({ period }),
      threshold: 100,
      periods: 3,
    });
    this.alarm('Conflicts', {
      description: 'Transactions of the cluster conflict.',
      metric: clusterMetric(cluster, 'OccConflicts', period),
      threshold: 1_000,
      periods: 3,
    });
    const { dpu_a_day: budget } = config.deploy.alarms;
    if (budget === undefined) return;
    this.alarm('DpuBudget', {
      description: `The cluster used more than ${budget} DPUs in a day.`,
      metric: clusterMetric(cluster, 'TotalDPU', Duration.days(1)),
      threshold: budget,
    });
  }

  private ofRuns({ config, service }: MonitoringProps): void {
    const period = Duration.minutes(5);
    const share = Math.round(config.deploy.alarms.rejected_ratio * 1_000) / 10;
    this.alarm('ManyRejected', {
      description: `More than ${share} % of a run's rows were rejected.`,
      metric: serviceMetric(service, 'RunsWithManyRejected', period),
      threshold: 1,
    });
    this.alarm('SourceEmpty', {
      description: 'A run found no rows where there always were some.',
      metric: serviceMetric(service, 'SourcesEmpty', period),
      threshold: 1,
    });
    const entries = Object.entries(config.pipelines);
    if (entries.some(([, { trigger }]) => trigger !== undefined)) {
      this.alarm('ObjectsWait', {
        description: `An object that landed has waited for its run for more than ${config.deploy.alarms.queue_age_minutes} minutes.`,
        metric: serviceMetric(service, 'ObjectsOverdue', Duration.minutes(15)),
        threshold: 1,
      });
    }
    for (const [pipeline, { schedule }] of entries) {
      const hours = schedule === undefined ? undefined : successWindowHours(schedule);
      if (hours !== undefined) this.ofSchedule(service, pipeline, hours);
    }
  }

  private ofSchedule(service: string, pipeline: string, hours: number): void {
    const period = Duration.hours(1);
    this.alarm(`NoSuccess-${pipeline}`, {
      section: 'NoSuccess',
      description: `Pipeline ${pipeline} has not succeeded for ${hours} h, nor found its source unchanged.`,
      // A new deployment counts like a success, so that each pipeline has its whole window first.
      metric: new MathExpression({
        expression: 'runs + FILL(deployed, 0)',
        usingMetrics: {
          runs: currentRuns(service, pipeline, period),
          deployed: serviceMetric(service, 'Deployed', period),
        },
        label: pipeline,
        period,
      }),
      threshold: 1,
      periods: hours,
      onLack: true,
    });
  }

  private ofQueue({ name, queue }: WatchedQueue, { deploy }: Config): void {
    const minutes = deploy.alarms.queue_age_minutes;
    this.alarm(`QueueAge-${name}`, {
      section: 'QueueAge',
      description: `The event of an object of ${name} has been in its queue for more than ${minutes} minutes.`,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: minutes * 60,
    });
  }

  private alarm(name: string, settings: AlarmSettings): void {
    const { description, metric, onLack = false, periods = 1, section = name, threshold } = settings;
    new Alarm(this, name, {
      alarmDescription: `${description} See "${section}" in docs/runbook.md.`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: onLack
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: onLack ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(this.notices.topic));
  }
}
