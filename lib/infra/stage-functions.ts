import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AssetCode } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { connectStatement, type TargetCluster } from './cluster.ts';
import type { DeployStage } from './deploy-stage.ts';
import { type FunctionName, forEachFunction, functionNames } from './function-names.ts';
import { bootstrapSeconds, quickFunctionSeconds } from './machine-task.ts';
import type { Notices } from './notices.ts';
import type { ObjectQueues } from './object-queues.ts';
import { ruleSecretStatements, sourceSecretStatements, webhookStatements } from './secrets.ts';
import type { SourceFiles } from './source-files.ts';
import { StageFunction } from './stage-function.ts';
import type { StagingBucket } from './staging-bucket.ts';

export interface StageFunctionsProps {
  readonly config: Config;
  readonly stage: DeployStage;
  /** Names the service among those of the account, e.g. `dsql-etl-dev`. */
  readonly service: string;
  readonly cluster: TargetCluster;
  /** The database role that loads. */
  readonly role: string;
  readonly sources: SourceFiles;
  readonly staging: StagingBucket;
  readonly notices: Notices;
  readonly queues: ObjectQueues;
  /** ARN of the state machine. */
  readonly machine: string;
  /** The bundle a function is in; functions without DuckDB start faster. */
  readonly code: (name: FunctionName) => AssetCode;
}

/** The functions that read sources and write rows, which `deploy.vpc` is about. */
const inVpc: ReadonlySet<FunctionName> = new Set(['extract', 'transform', 'scatter', 'load']);

/** The functions that write how a run ended, and where its lines are. */
const loggingRuns: readonly FunctionName[] = ['record', 'notify'];

const quick = { memory_mb: 512, timeout_seconds: quickFunctionSeconds, scratch_mb: 512 };

/** The functions, and beside each what it may do. Only bootstrap connects as admin, by a policy of its own (`bootstrap.ts`). */
export function stageFunctions(
  scope: Construct,
  props: StageFunctionsProps,
): Readonly<Record<FunctionName, StageFunction>> {
  const { cluster, config, notices, role, sources, stage, staging } = props;
  const { deploy } = config;
  const environment = {
    ETL_STAGE: stage.name,
    ETL_SERVICE: props.service,
    ETL_DSQL_HOSTNAME: cluster.hostname,
    ETL_DSQL_REGION: cluster.region,
    ETL_DSQL_USER: role,
    ETL_STAGING_BUCKET: staging.bucket.bucketName,
    ...(sources.assetsBucket === undefined ? {} : { ETL_ASSETS_BUCKET: sources.assetsBucket }),
  };
  interface Part {
    readonly description: string;
    readonly size: typeof quick;
    readonly statements: readonly PolicyStatement[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly deadLetters?: boolean;
  }
  const make = (entry: FunctionName, part: Part): StageFunction =>
    new StageFunction(scope, `${entry[0]?.toUpperCase()}${entry.slice(1)}`, {
      entry,
      description: part.description,
      code: props.code(entry),
      stage,
      architecture: deploy.architecture,
      memoryMb: part.size.memory_mb,
      timeoutSeconds: part.size.timeout_seconds,
      scratchMb: part.size.scratch_mb,
      retention: deploy.log_retention_days,
      environment: { ...environment, ...part.environment },
      statements: [...part.statements, ...staging.keyStatements(part.statements)],
      keys: deploy.kms_keys,
      vpc: deploy.vpc?.all_functions === true || inVpc.has(entry) ? deploy.vpc : undefined,
      ...(part.deadLetters === true ? { deadLetterQueue: notices.deadLetters } : {}),
    });
  const connect = connectStatement(cluster, false);
  const parts: Readonly<Record<FunctionName, Part>> = {
    record: {
      description: 'Begins and ends runs: log, lease, counts',
      size: quick,
      statements: [
        connect,
        ...sources.readStatements,
        staging.readStatement(),
        staging.writeStatement(),
        staging.listStatement(),
        staging.removeStatement(),
      ],
    },
    extract: {
      description: 'Reads sources into the staging bucket',
      size: deploy.extract,
      statements: [
        connect,
        ...sources.readStatements,
        ...sourceSecretStatements(scope, config),
        staging.readStatement(),
        staging.writeStatement(),
        staging.abortStatement(),
        staging.listStatement(),
      ],
    },
    transform: {
      description: 'Cleans rows into chunks',
      size: deploy.transform,
      statements: [
        connect,
        ...ruleSecretStatements(scope, config),
        ...sources.rowStatements,
        staging.readStatement(),
        staging.writeStatement(),
        staging.abortStatement(),
        staging.listStatement(),
      ],
    },
    scatter: {
      description: 'Cleans pieces of large sources into chunks',
      size: deploy.scatter,
      statements: [
        connect,
        ...ruleSecretStatements(scope, config),
        ...sources.rowStatements,
        staging.readStatement(),
        staging.writeStatement(),
        staging.abortStatement(),
        staging.listStatement(),
      ],
    },
    load: {
      description: 'Loads chunks into Aurora DSQL',
      size: deploy.load,
      statements: [connect, staging.readStatement()],
    },
    notify: {
      description: 'Sends notices of runs that ended, and logs failures',
      size: quick,
      statements: [
        connect,
        staging.readStatement(),
        staging.listStatement(),
        ...notices.publishStatements(),
        ...webhookStatements(scope, config),
        notices.deadLetterStatement(),
      ],
      environment: { ETL_TOPIC_ARN: notices.topic.topicArn, ETL_DEAD_LETTERS_URL: notices.deadLetters.queueUrl },
      deadLetters: true,
    },
    bootstrap: {
      description: 'Makes tables, the database role and indexes, as admin',
      size: { ...quick, timeout_seconds: bootstrapSeconds },
      statements: [staging.readStatement()],
      environment: { ETL_DSQL_USER: 'admin', ETL_DSQL_ROLE: role },
    },
    collect: {
      description: 'Notes objects that landed, and starts runs for those that wait',
      size: quick,
      statements: [
        connect,
        ...sources.listStatements,
        ...props.queues.receiveStatements(),
        ...notices.queueKeyStatements(),
        new PolicyStatement({ sid: 'StartRuns', actions: ['states:StartExecution'], resources: [props.machine] }),
      ],
      environment: { ETL_STATE_MACHINE_ARN: props.machine },
    },
  };
  const made = forEachFunction((name) => make(name, parts[name]));
  const groups = functionNames.map((name) => made[name].logGroup).join(',');
  for (const name of loggingRuns) made[name].function.addEnvironment('ETL_LOG_GROUPS', groups);
  return made;
}
