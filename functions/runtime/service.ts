import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { clientOptions } from '../../lib/aws/client-options.ts';
import { secretRefreshTokens } from '../../lib/aws/refresh-token-secret.ts';
import { secretReader } from '../../lib/aws/secret-reader.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Config } from '../../lib/config/config.ts';
import { readEnvironment } from '../../lib/config/environment.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { secretResolver } from '../../lib/config/resolve-secret.ts';
import type { ResolveSecret } from '../../lib/config/secret.ts';
import { connect, type Sql } from '../../lib/dsql/connect.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { s3Reader } from '../../lib/store/s3-reader.ts';
import { s3Store } from '../../lib/store/s3-store.ts';
import { IncompleteDeploymentError } from './errors.ts';
import type { Input } from './events.ts';
import type { Invocation } from './invocation.ts';
import { pipelineOf } from './pipeline-input.ts';
import { scratchDir } from './scratch.ts';
import { untilAbortMs } from './time-limit.ts';

const environmentSchema = z.object({
  AWS_REGION: z.string().min(1),
  LAMBDA_TASK_ROOT: z.string().min(1),
  ETL_STAGE: z.string().min(1),
  ETL_DSQL_HOSTNAME: z.string().min(1),
  ETL_DSQL_REGION: z.string().min(1),
  ETL_DSQL_USER: z.string().min(1),
  ETL_DSQL_PORT: z.coerce.number().int().default(5432),
  ETL_STAGING_BUCKET: z.string().min(1),
  /** Holds the local files of the configuration, which were uploaded when it was deployed. */
  ETL_ASSETS_BUCKET: z.string().optional(),
  ETL_TOPIC_ARN: z.string().optional(),
  /** Runs pipelines; only collect starts executions. */
  ETL_STATE_MACHINE_ARN: z.string().optional(),
  /** Keeps what nobody can load. */
  ETL_DEAD_LETTERS_URL: z.string().optional(),
  /** Names of the log groups of all functions, with commas; for functions that log runs. */
  ETL_LOG_GROUPS: z.string().optional(),
  /** The role that loads; only bootstrap connects as someone else. */
  ETL_DSQL_ROLE: z.string().optional(),
});

export type FunctionEnvironment = z.infer<typeof environmentSchema>;

/** What a function keeps from one invocation to the next. */
export interface Service {
  readonly config: Config;
  readonly environment: FunctionEnvironment;
  readonly sql: Sql;
  /** A connection to another cluster than the function's own. */
  readonly connectTo: (cluster: { readonly hostname: string; readonly region: string }) => Sql;
  readonly store: RunContext['store'];
  readonly resolveSecret: ResolveSecret;
  /** Everything a stage needs for one invocation; calls of S3 and retries of the database end when the signal is aborted. */
  readonly contextFor: (input: Input, signal?: AbortSignal) => RunContext;
}

let opened: Service | undefined;

/** A lease outlives the longest invocation, so a run keeps it by renewing at every stage. */
export const leaseSeconds = 1_200;

/**
 * Reads environment and configuration and opens the clients, once a cold start; a wrong configuration fails there.
 *
 * @param connections  batches that the function has in flight; one where it has none, and never more connections than one besides
 * @throws {IncompleteDeploymentError} when a variable is missing
 * @throws {InvalidConfigError} when `etl.json` breaks its contract
 */
export function openService(connections: (deploy: Config['deploy']) => number = () => 1): Service {
  opened ??= open(connections);
  return opened;
}

function open(connectionsOf: (deploy: Config['deploy']) => number): Service {
  const { variable } = readEnvironment();
  const names = Object.keys(environmentSchema.shape);
  const parsed = environmentSchema.safeParse(Object.fromEntries(names.map((name) => [name, variable(name)])));
  if (!parsed.success) {
    throw new IncompleteDeploymentError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')} is missing`).join(', '),
    );
  }
  const environment = parsed.data;
  const text = readFileSync(path.join(environment.LAMBDA_TASK_ROOT, 'etl.json'), 'utf8');
  const config = parseConfig(text.replaceAll('{assets}', environment.ETL_ASSETS_BUCKET ?? ''), 'etl.json');
  const client = new S3Client({ ...clientOptions(), region: environment.AWS_REGION, followRegionRedirects: true });
  const bucket = environment.ETL_STAGING_BUCKET;
  const storeFor = (signal?: AbortSignal): RunContext['store'] =>
    s3Store({ client, bucket, scratchDir: path.join(scratchDir, 'store'), signal });
  const connections = connectionsOf(config.deploy);
  const {
    ETL_DSQL_HOSTNAME: hostname,
    ETL_DSQL_PORT: port,
    ETL_DSQL_REGION: region,
    ETL_DSQL_USER: user,
  } = environment;
  const sql = connect({ hostname, port, region, user, database: 'postgres' }, { maxConnections: connections + 1 });
  const resolveSecret = secretResolver(readEnvironment(), secretReader(environment.AWS_REGION));
  const refreshTokens = secretRefreshTokens(environment.AWS_REGION, resolveSecret, systemClock);
  return {
    config,
    environment,
    sql,
    connectTo: (cluster) => connect({ ...cluster, port, user, database: 'postgres' }, { maxConnections: 1 }),
    store: storeFor(),
    resolveSecret,
    contextFor: (input, signal) => {
      // Of each request that is under way one listens to it, and Node would warn of more than ten.
      if (signal !== undefined) setMaxListeners(0, signal);
      return {
        pipeline: pipelineOf(config, input),
        baseDir: environment.LAMBDA_TASK_ROOT,
        target: {
          sql,
          where: { endpoint: hostname, user },
          retry: { clock: systemClock, random: Math.random, signal },
          pid: 0,
        },
        store: storeFor(signal),
        scratchDir,
        connections,
        deploy: config.deploy,
        chunkRows: config.deploy.chunk_rows,
        transformMemoryMb: duckDbMemoryMb(config.deploy.transform),
        resolveSecret,
        refreshTokens,
        s3: s3Reader(client, signal),
      };
    },
  };
}

/** The share of a function's memory that DuckDB may use; Node, the driver and DuckDB's own allocator need the rest. */
const duckDbShare = 0.6;

/** What DuckDB may keep in memory in a function, in MB. */
export function duckDbMemoryMb({ memory_mb }: { readonly memory_mb: number }): number {
  return Math.round(memory_mb * duckDbShare);
}

/** Time a stage keeps for ending cleanly: a fifth of what it has, two minutes at most. */
export function deadlineOf(invocation: Invocation): Date {
  const remaining = invocation.getRemainingTimeInMillis();
  return new Date(systemClock.now().getTime() + remaining - Math.min(120_000, remaining / 5));
}

/** Aborts shortly before Lambda would kill the function, with the reason given. */
export function abortBefore(invocation: Invocation, reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), untilAbortMs(invocation)).unref();
  return controller.signal;
}

/**
 * Bytes a second that a function is expected to upload to S3. Published measurements of Lambda are between 400 and 700
 * Mbit/s, which is 50 to 87 MB/s. This is half of the least, because AWS guarantees none.
 */
const uploadBytesPerSecond = 25_000_000;

/**
 * The moment at which a stage must stop beginning work, so that the work in progress ends and a number of bytes is
 * uploaded before `abortBefore` aborts. To be called when the invocation begins. Work in progress is given a tenth
 * of the function's time, 30 s at most: four chunks of 64 MiB take 10 s to upload, and the rest is for writing them.
 */
export function uploadDeadlineOf(invocation: Invocation): (bytes: number) => Date {
  const inHandMs = Math.min(30_000, invocation.getRemainingTimeInMillis() / 10);
  const end = systemClock.now().getTime() + untilAbortMs(invocation) - inHandMs;
  return (bytes) => new Date(end - (bytes / uploadBytesPerSecond) * 1000);
}
