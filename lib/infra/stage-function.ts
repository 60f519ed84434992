import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type AssetCode,
  Function as LambdaFunction,
  Runtime,
  Tracing,
  type Version,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { DeployKeys, DeployVpc } from '../config/deploy-security.ts';
import type { DeployStage } from './deploy-stage.ts';
import type { LambdaArchitecture } from './duckdb-binary.ts';
import { acknowledgeWildcards } from './nag.ts';
import { networkStatements, putIntoVpc } from './vpc-access.ts';

export interface StageFunctionProps {
  /** File of `functions/`, whose `handler` runs. */
  readonly entry: string;
  readonly description: string;
  readonly code: AssetCode;
  readonly stage: DeployStage;
  readonly architecture: LambdaArchitecture;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly scratchMb: number;
  readonly retention: RetentionDays;
  readonly environment: Readonly<Record<string, string>>;
  /** Exactly what the function calls. */
  readonly statements: readonly PolicyStatement[];
  readonly keys: DeployKeys;
  /** Where the function runs; undefined: outside of any VPC. */
  readonly vpc?: DeployVpc | undefined;
  /** Takes events of asynchronous calls that failed in every attempt. */
  readonly deadLetterQueue?: Queue;
}

/** The newest Node of Lambda that this release of the CDK knows. */
export const runtime = Runtime.NODEJS_24_X;

/** A function with a role of its own that allows what the function does, and a log with a retention time. */
export class StageFunction extends Construct {
  readonly function: LambdaFunction;
  readonly memoryMb: number;
  /** What is deployed, code, configuration and variables, for good. */
  readonly version: Version;
  readonly role: Role;
  /** Name of its log group. */
  readonly logGroup: string;

  constructor(scope: Construct, id: string, props: StageFunctionProps) {
    super(scope, id);
    this.memoryMb = props.memoryMb;
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.retention,
      removalPolicy: props.stage.removalPolicy,
      ...(props.keys.logs === undefined ? {} : { encryptionKey: Key.fromKeyArn(this, 'LogKey', props.keys.logs) }),
    });
    this.logGroup = logGroup.logGroupName;
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Of the function ${props.entry} of the ETL service`,
    });
    for (const statement of props.statements) this.role.addToPolicy(statement);
    this.role.addToPolicy(
      new PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    const trace = new PolicyStatement({
      sid: 'Trace',
      actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      resources: ['*'],
    });
    const environmentKey = props.keys.environment;
    const wide = [trace, ...(props.vpc === undefined ? [] : networkStatements())];
    for (const statement of wide) this.role.addToPolicy(statement);
    if (environmentKey !== undefined) {
      this.role.addToPolicy(
        new PolicyStatement({ sid: 'ReadEnvironment', actions: ['kms:Decrypt'], resources: [environmentKey] }),
      );
    }
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime,
      architecture: props.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      code: props.code,
      handler: `${props.entry}.handler`,
      role: this.role.withoutPolicyUpdates(),
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      ephemeralStorageSize: Size.mebibytes(props.scratchMb),
      tracing: Tracing.ACTIVE,
      ...(environmentKey === undefined
        ? {}
        : { environmentEncryption: Key.fromKeyArn(this, 'EnvironmentKey', environmentKey) }),
      logGroup,
      environment: {
        ...props.environment,
        POWERTOOLS_SERVICE_NAME: props.entry,
        POWERTOOLS_LOG_LEVEL: 'INFO',
      },
      // A run goes on with the versions it began with, so a version stays as long as its function.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
      ...(props.deadLetterQueue === undefined ? {} : { deadLetterQueue: props.deadLetterQueue }),
    });
    if (props.vpc !== undefined) putIntoVpc(this.function, props.vpc);
    this.version = this.function.currentVersion;
    const reason =
      'Objects of one prefix; X-Ray, whose actions know no resources; and network interfaces, which Lambda makes.';
    acknowledgeWildcards(this.role, [...props.statements, ...wide], reason);
  }
}
