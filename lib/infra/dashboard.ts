import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  type Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { RunMetric } from '../metric-names.ts';
import { pricesIn, pricesOf, standInRegion } from '../prices.ts';
import type { TargetCluster } from './cluster.ts';
import { type FunctionName, functionNames } from './function-names.ts';
import { clusterMetric, freshness, runMetric } from './metrics.ts';

import type { StageFunction } from './stage-function.ts';
import type { WatchedQueue } from './watched-queue.ts';

export interface DashboardsProps {
  readonly config: Config;
  /** Names the dashboard; its metrics have it as their service. */
  readonly service: string;
  readonly machine: StateMachine;
  readonly functions: Readonly<Record<FunctionName, StageFunction>>;
  readonly cluster: TargetCluster;
  readonly queues: readonly WatchedQueue[];
}

/** Pipelines of one dashboard: each has four graphs, and CloudWatch takes 500 a dashboard. */
const pipelinesPerDashboard = 100;

const hour = Duration.hours(1);
const day = Duration.days(1);

/** What the service does, as graphs: the service and its cluster in the first rows, then a row for each pipeline. */
export class Dashboards extends Construct {
  constructor(scope: Construct, id: string, props: DashboardsProps) {
    super(scope, id);
    const pipelines = Object.keys(props.config.pipelines);
    for (let from = 0; from === 0 || from < pipelines.length; from += pipelinesPerDashboard) {
      const page = from / pipelinesPerDashboard;
      const rows = pipelines.slice(from, from + pipelinesPerDashboard).map((name) => pipelineRow(props.service, name));
      new Dashboard(this, page === 0 ? 'Dashboard' : `Dashboard${page + 1}`, {
        dashboardName: page === 0 ? props.service : `${props.service}-${page + 1}`,
        widgets: page === 0 ? [...serviceRows(props), ...rows] : rows,
      });
    }
  }
}

function serviceRows(props: DashboardsProps): IWidget[][] {
  const { cluster, functions, machine, queues } = props;
  const ofFunctions = (metricOf: (fn: StageFunction) => Metric): IMetric[] =>
    functionNames.map((name) => metricOf(functions[name]).with({ label: name }));
  const executions = [
    machine.metricSucceeded({ period: hour, label: 'succeeded' }),
    machine.metricFailed({ period: hour, label: 'failed' }),
    machine.metricTimedOut({ period: hour, label: 'timed out' }),
    machine.metricAborted({ period: hour, label: 'stopped' }),
  ];
  const depth = queues.map(({ name, queue }) =>
    queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), label: name }),
  );
  return [
    [
      graph('Executions an hour', executions),
      graph(
        'Errors of functions an hour',
        ofFunctions((fn) => fn.function.metricErrors({ period: hour })),
      ),
      graph(
        'Longest call of functions, ms',
        ofFunctions((fn) => fn.function.metricDuration({ period: hour, statistic: 'Maximum' })),
      ),
      graph('Messages in queues', depth),
    ],
    [
      graph(
        'DPU an hour',
        ['ComputeDPU', 'ReadDPU', 'WriteDPU', 'MultiRegionWriteDPU'].map((name) => clusterMetric(cluster, name, hour)),
      ),
      graph('Conflicts of the cluster an hour', [clusterMetric(cluster, 'OccConflicts', hour)]),
      graph('Cost a day, US dollars (estimate)', costs(props)),
      new TextWidget({
        width: 6,
        height: 6,
        markdown: `# ${props.service}\n\nRows read = filtered + deduplicated + rejected + loaded. Cost: DPU and Lambda at the list prices of ${standInRegion} of ${pricesOf}, not checked against a bill. What each alarm means is in docs/runbook.md.`,
      }),
    ],
  ];
}

function pipelineRow(service: string, pipeline: string): IWidget[] {
  const metrics = (...names: RunMetric[]): IMetric[] => names.map((name) => runMetric(service, pipeline, name, hour));
  return [
    graph(`${pipeline}: runs an hour`, metrics('RunsSucceeded', 'RunsFailed', 'RunsUnchanged', 'RunsSkipped')),
    graph(
      `${pipeline}: rows an hour`,
      metrics('RowsRead', 'RowsFiltered', 'RowsDeduplicated', 'RowsRejected', 'RowsLoaded'),
    ),
    graph(
      `${pipeline}: seconds of functions by stage`,
      metrics('ExtractSeconds', 'TransformSeconds', 'LoadSeconds', 'RunSeconds'),
    ),
    graph(`${pipeline}: freshness, and conflicts an hour`, [freshness(service, pipeline)], metrics('ConflictRetries')),
  ];
}

/** DPU of the cluster, whoever used them, and the time of the functions, at list prices. */
function costs({ cluster, config, functions }: DashboardsProps): IMetric[] {
  const lambda = functionNames.map((name) => functions[name]);
  const { prices } = pricesIn(standInRegion);
  const rate = prices.perGbSecond[config.deploy.architecture];
  const terms = lambda.map(({ memoryMb }, index) => `FILL(f${index}, 0) * ${memoryMb}`);
  return [
    new MathExpression({
      expression: `dpu * ${prices.perMillionDpu} / 1000000`,
      usingMetrics: { dpu: clusterMetric(cluster, 'TotalDPU', day) },
      label: 'Aurora DSQL',
      period: day,
    }),
    new MathExpression({
      expression: `(${terms.join(' + ')}) / 1024 / 1000 * ${rate}`,
      usingMetrics: Object.fromEntries(
        lambda.map((fn, index) => [`f${index}`, fn.function.metricDuration({ period: day, statistic: 'Sum' })]),
      ),
      label: 'Lambda',
      period: day,
    }),
  ];
}

function graph(title: string, left: IMetric[], right: IMetric[] = []): GraphWidget {
  return new GraphWidget({ title, left, right, width: 6, height: 6 });
}
