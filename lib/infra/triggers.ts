import { Duration, Stack } from 'aws-cdk-lib';
import { Schedule as EventSchedule, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { Schedule } from '../config/deploy.ts';
import type { Notices } from './notices.ts';
import type { StageFunction } from './stage-function.ts';

export interface TriggersProps {
  readonly config: Config;
  readonly machine: StateMachine;
  readonly notify: StageFunction;
  readonly collect: StageFunction;
  readonly notices: Notices;
}

/** How long objects wait at the most after whatever was to start their run was killed. */
const sweepMinutes = 5;

/** Schedules, which start runs, the look for objects that wait, and the rules for runs whose end no Catch handles. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, props: TriggersProps) {
    super(scope, id);
    const { machine } = props;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Starts scheduled runs of the ETL service',
    });
    const start = (): PolicyStatement =>
      new PolicyStatement({
        sid: 'StartRuns',
        actions: ['states:StartExecution'],
        resources: [machine.stateMachineArn],
      });
    const entries = Object.entries(props.config.pipelines);
    const scheduled = entries.filter(([, { schedule }]) => schedule !== undefined);
    if (scheduled.length > 0) {
      role.addToPolicy(start());
      role.addToPolicy(props.notices.deadLetterStatement());
      for (const statement of props.notices.queueKeyStatements()) role.addToPolicy(statement);
    } else this.node.tryRemoveChild('Role');
    for (const [name, { schedule }] of entries) if (schedule !== undefined) this.schedule(name, schedule, role, props);
    if (entries.some(([, { trigger }]) => trigger !== undefined)) this.sweep(props);
    this.onLostEnd(props);
  }

  private schedule(name: string, schedule: Schedule, role: Role, { machine, notices }: TriggersProps): void {
    new CfnSchedule(this, `Schedule-${name}`, {
      description: `Runs pipeline ${name}`,
      scheduleExpression: schedule.rate === undefined ? `cron(${schedule.cron})` : `rate(${schedule.rate})`,
      scheduleExpressionTimezone: schedule.time_zone,
      state: schedule.enabled ? 'ENABLED' : 'DISABLED',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: machine.stateMachineArn,
        roleArn: role.roleArn,
        input: JSON.stringify({
          pipeline: name,
          trigger: 'schedule',
          event_id: `schedule:<aws.scheduler.scheduled-time>`,
        }),
        deadLetterConfig: { arn: notices.deadLetters.queueArn },
        retryPolicy: { maximumEventAgeInSeconds: 3_600, maximumRetryAttempts: 10 },
      },
    });
  }

  /** Objects wait in the cluster's tables; whatever was killed before it started their run, this starts it. */
  private sweep({ collect, notices }: TriggersProps): void {
    new Rule(this, 'Sweep', {
      description: 'Looks whether objects wait for a run',
      schedule: EventSchedule.rate(Duration.minutes(sweepMinutes)),
      targets: [
        new LambdaFunction(collect.function, {
          event: RuleTargetInput.fromObject({ action: 'sweep' }),
          deadLetterQueue: notices.deadLetters,
          retryAttempts: 0,
        }),
      ],
    });
  }

  /** Runs that were stopped, timed out, or failed in a way that Catch does not handle. */
  private onLostEnd({ machine, notices, notify }: TriggersProps): void {
    const base = { source: ['aws.states'], detailType: ['Step Functions Execution Status Change'] };
    const detail = { stateMachineArn: [machine.stateMachineArn] };
    const targets = [new LambdaFunction(notify.function, { deadLetterQueue: notices.deadLetters, retryAttempts: 10 })];
    new Rule(this, 'Ended', {
      description: 'Runs that timed out or were stopped',
      eventPattern: { ...base, detail: { ...detail, status: ['TIMED_OUT', 'ABORTED'] } },
      targets,
    });
    new Rule(this, 'Broken', {
      description: 'Runs that ended with an error that no Catch sees',
      eventPattern: {
        ...base,
        detail: {
          ...detail,
          status: ['FAILED'],
          error: ['States.Runtime', 'States.DataLimitExceeded', 'States.QueryEvaluationError'],
        },
      },
      targets,
    });
  }
}
