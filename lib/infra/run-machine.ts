import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { DeployStage } from './deploy-stage.ts';
import { type FunctionName, functionNames } from './function-names.ts';
import { machineDefinition } from './machine-definition.ts';
import { stagingSubstitution } from './machine-map-failure.ts';
import { functionSubstitution, topicSubstitution } from './machine-task.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';
import type { Notices } from './notices.ts';
import type { StageFunction } from './stage-function.ts';
import type { StagingBucket } from './staging-bucket.ts';

export interface RunMachineProps {
  readonly config: Config;
  readonly stage: DeployStage;
  readonly name: string;
  readonly retention: RetentionDays;
  readonly functions: Readonly<Record<FunctionName, StageFunction>>;
  readonly notices: Notices;
  readonly staging: StagingBucket;
}

/**
 * The state machine that runs pipelines, with a role that may call the functions and publish the last-resort notice. Its
 * definition names versions of the functions: an execution keeps the definition with which it began (Step Functions
 * developer guide, "Updating a state machine"), so a deployment meanwhile does not change what it calls.
 */
export class RunMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: RunMachineProps) {
    super(scope, id);
    const arns = functionNames.map(
      (name) => [functionSubstitution(name), props.functions[name].version.functionArn] as const,
    );
    const allVersions = new PolicyStatement({
      sid: 'CallStages',
      actions: ['lambda:InvokeFunction'],
      resources: functionNames.map((name) => `${props.functions[name].function.functionArn}:*`),
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: 'Of the state machine of the ETL service',
    });
    role.addToPolicy(allVersions);
    const ofMaps = this.mapStatements(props);
    for (const statement of ofMaps) role.addToPolicy(statement);
    for (const statement of props.notices.publishStatements()) role.addToPolicy(statement);
    const logKey = props.config.deploy.kms_keys.logs;
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: props.name,
      stateMachineType: StateMachineType.STANDARD,
      role,
      definitionBody: DefinitionBody.fromString(JSON.stringify(machineDefinition(props.config))),
      definitionSubstitutions: {
        Partition: Stack.of(this).partition,
        [topicSubstitution]: props.notices.topic.topicArn,
        [stagingSubstitution]: props.staging.bucket.bucketName,
        ...Object.fromEntries(arns),
      },
      tracingEnabled: true,
      logs: {
        level: LogLevel.ERROR,
        includeExecutionData: true,
        destination: new LogGroup(this, 'Log', {
          retention: props.retention,
          removalPolicy: props.stage.removalPolicy,
          ...(logKey === undefined ? {} : { encryptionKey: Key.fromKeyArn(this, 'LogKey', logKey) }),
        }),
      },
    });
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'Log delivery and X-Ray, which the CDK adds, know no resources.',
    );
    acknowledgeWildcards(role, [allVersions], 'A run calls the versions of its functions with which it began.');
    acknowledgeWildcards(
      role,
      ofMaps,
      'Child executions of the machine itself, and where their items, results and errors are.',
    );
    acknowledge(
      this.machine,
      'AwsSolutions-SF1',
      'Errors are logged with their data; the history of an execution holds the rest for 90 days.',
    );
  }
  /**
   * What a distributed map takes (developer guide, "IAM policies for using Distributed Map states"): starting, watching
   * and stopping executions of its own machine; reading its items and writing its results; and its children write their errors.
   */
  private mapStatements({ name, staging }: RunMachineProps): readonly PolicyStatement[] {
    const arn = (resource: string, resourceName: string): string =>
      Stack.of(this).formatArn({
        service: 'states',
        resource,
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    const files = [staging.itemsStatement(), staging.resultsStatement(), staging.failureStatement()];
    return [
      new PolicyStatement({
        sid: 'StartChildren',
        actions: ['states:StartExecution'],
        resources: [arn('stateMachine', name)],
      }),
      new PolicyStatement({
        sid: 'FollowChildren',
        actions: ['states:DescribeExecution', 'states:StopExecution'],
        resources: [arn('execution', `${name}:*`)],
      }),
      ...files,
      ...staging.keyStatements(files),
    ];
  }
}
