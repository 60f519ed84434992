import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AssetCode } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { connectStatement, type TargetCluster } from './cluster.ts';
import { bootstrapSeconds, quickFunctionSeconds } from './machine-task.ts';
import type { Notices } from './notices.ts';
import { secretStatements } from './secrets.ts';
import type { SourceFiles } from './source-files.ts';
import type { DeployStage } from './stage.ts';
import { StageFunction } from './stage-function.ts';
import type { StagingBucket } from './staging-bucket.ts';

export interface StageFunctionsProps {
  readonly config: Config;
  readonly stage: DeployStage;
  readonly cluster: TargetCluster;
  /** The database role that loads. */
  readonly role: string;
  readonly sources: SourceFiles;
  readonly staging: StagingBucket;
  readonly notices: Notices;
  /** Code of the functions that do without DuckDB, and start the faster for it. */
  readonly light: AssetCode;
  readonly heavy: AssetCode;
}

const quick = { memory_mb: 512, timeout_seconds: quickFunctionSeconds, scratch_mb: 512 };

/** The six functions, and beside each what it may do. Only bootstrap connects as admin. */
export function stageFunctions(
  scope: Construct,
  props: StageFunctionsProps,
): Readonly<Record<'record' | 'extract' | 'transform' | 'load' | 'notify' | 'bootstrap', StageFunction>> {
  const { cluster, config, notices, role, sources, stage, staging } = props;
  const { deploy } = config;
  const environment = {
    ETL_STAGE: stage.name,
    ETL_DSQL_HOSTNAME: cluster.hostname,
    ETL_DSQL_REGION: cluster.region,
    ETL_DSQL_USER: role,
    ETL_STAGING_BUCKET: staging.bucket.bucketName,
    ...(sources.assetsBucket === undefined ? {} : { ETL_ASSETS_BUCKET: sources.assetsBucket }),
  };
  interface Part {
    readonly description: string;
    readonly code: AssetCode;
    readonly size: typeof quick;
    readonly statements: readonly PolicyStatement[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly reservedConcurrency?: number;
    readonly deadLetters?: boolean;
  }
  const make = (entry: string, part: Part): StageFunction =>
    new StageFunction(scope, `${entry[0]?.toUpperCase()}${entry.slice(1)}`, {
      entry,
      description: part.description,
      code: part.code,
      stage,
      architecture: deploy.architecture,
      memoryMb: part.size.memory_mb,
      timeoutSeconds: part.size.timeout_seconds,
      scratchMb: part.size.scratch_mb,
      retention: deploy.log_retention_days,
      environment: { ...environment, ...part.environment },
      statements: part.statements,
      ...(part.reservedConcurrency === undefined ? {} : { reservedConcurrency: part.reservedConcurrency }),
      ...(part.deadLetters === true ? { deadLetterQueue: notices.deadLetters } : {}),
    });
  const connect = connectStatement(cluster, false);
  const { light, heavy } = props;
  return {
    record: make('record', {
      description: 'Begins and ends runs: log, lease, counts',
      code: light,
      size: quick,
      statements: [
        connect,
        ...sources.readStatements,
        staging.readStatement(),
        staging.listStatement(),
        staging.removeStatement(),
      ],
    }),
    extract: make('extract', {
      description: 'Reads sources into the staging bucket',
      code: light,
      size: deploy.extract,
      statements: [
        connect,
        ...sources.readStatements,
        ...secretStatements(scope, config),
        staging.readStatement(),
        staging.writeStatement(),
        staging.abortStatement(),
        staging.listStatement(),
      ],
    }),
    transform: make('transform', {
      description: 'Cleans rows into chunks',
      code: heavy,
      size: deploy.transform,
      statements: [
        connect,
        staging.readStatement(),
        staging.writeStatement(),
        staging.abortStatement(),
        staging.listStatement(),
      ],
    }),
    load: make('load', {
      description: 'Loads chunks into Aurora DSQL',
      code: heavy,
      size: deploy.load,
      statements: [connect, staging.readStatement()],
      reservedConcurrency: deploy.max_load_functions,
    }),
    notify: make('notify', {
      description: 'Tells of runs that ended, and logs failures',
      code: light,
      size: quick,
      statements: [
        connect,
        staging.readStatement(),
        staging.listStatement(),
        ...notices.publishStatements(),
        notices.deadLetterStatement(),
      ],
      environment: { ETL_TOPIC_ARN: notices.topic.topicArn },
      deadLetters: true,
    }),
    bootstrap: make('bootstrap', {
      description: 'Makes tables, the database role and indexes, as admin',
      code: light,
      size: { ...quick, timeout_seconds: bootstrapSeconds },
      statements: [connectStatement(cluster, true), staging.readStatement()],
      environment: { ETL_DSQL_USER: 'admin', ETL_DSQL_ROLE: role },
    }),
  };
}
