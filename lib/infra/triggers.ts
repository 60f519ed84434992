import { Stack } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { Schedule, Trigger } from '../config/deploy.ts';
import type { Notices } from './notices.ts';
import type { StageFunction } from './stage-function.ts';

export interface TriggersProps {
  readonly config: Config;
  readonly machine: StateMachine;
  readonly notify: StageFunction;
  readonly notices: Notices;
}

/** Schedules and S3 events, which start runs, and the rules for runs whose end no Catch handles. */
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
    const eventRole = new Role(this, 'EventRole', {
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Starts runs of the ETL service for objects that land in S3',
    });
    const start = (): PolicyStatement =>
      new PolicyStatement({
        sid: 'StartRuns',
        actions: ['states:StartExecution'],
        resources: [machine.stateMachineArn],
      });
    const entries = Object.entries(props.config.pipelines);
    const scheduled = entries.filter(([, { schedule }]) => schedule !== undefined);
    const triggered = entries.filter(([, { trigger }]) => trigger !== undefined);
    if (scheduled.length > 0) {
      role.addToPolicy(start());
      role.addToPolicy(props.notices.deadLetterStatement());
      for (const statement of props.notices.queueKeyStatements()) role.addToPolicy(statement);
    } else this.node.tryRemoveChild('Role');
    if (triggered.length === 0) this.node.tryRemoveChild('EventRole');
    for (const [name, { schedule, trigger }] of entries) {
      if (schedule !== undefined) this.schedule(name, schedule, role, props);
      if (trigger !== undefined) this.onObject(name, trigger, eventRole, props);
    }
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

  private onObject(name: string, trigger: Trigger, role: Role, { machine, notices }: TriggersProps): void {
    new Rule(this, `Object-${name}`, {
      description: `Runs pipeline ${name} for an object that landed in ${trigger.bucket}`,
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [trigger.bucket] }, object: { key: keyPattern(trigger) } },
      },
      targets: [
        new SfnStateMachine(machine, {
          role,
          deadLetterQueue: notices.deadLetters,
          input: RuleTargetInput.fromObject({ pipeline: name, trigger: 's3', detail: EventField.fromPath('$.detail') }),
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

/** Keys that begin and end as configured; every key when nothing is. */
function keyPattern({ prefix, suffix }: Trigger): readonly unknown[] {
  if (prefix !== '' && suffix !== '') return [{ wildcard: `${escapeWildcard(prefix)}*${escapeWildcard(suffix)}` }];
  if (prefix !== '') return [{ prefix }];
  return suffix === '' ? [{ exists: true }] : [{ suffix }];
}

function escapeWildcard(text: string): string {
  return text.replace(/[\\*]/g, '\\$&');
}
