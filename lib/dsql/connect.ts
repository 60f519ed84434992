import { DsqlSigner } from '@aws-sdk/dsql-signer';
import { systemClock } from '../clock.ts';
import { connectionLifetimeSeconds, transactionLifetimeSeconds } from '../limits.ts';
import type { Endpoint } from './endpoint.ts';
import { Pool } from './pool.ts';
import { Session, type SessionSettings } from './session.ts';
import { type Sql, sqlOf } from './sql.ts';

export type { Sql, Transaction } from './sql.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ConnectOptions {
  /** 1 to 30 connections; opened when needed, one token each. */
  readonly maxConnections: number;
  /** Signs the tokens; the AWS SDK's default chain when left out. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined;
  /** A statement that has not ended by then is given up with its connection; 310 s when left out. */
  readonly statementMs?: number | undefined;
}

/** A token lives this long; it is checked when a connection opens, and each connection gets its own. */
const tokenSeconds = 900;

/** DSQL refuses `SET statement_timeout`, and ends a transaction after 300 s: whoever has not answered then never does. */
const defaultStatementMs = (transactionLifetimeSeconds + 10) * 1000;

const idleMs = 60_000;

/**
 * A pool of connections to DSQL, local or in AWS: TLS verified, an IAM token per connection, renewed before the
 * cluster's 60 minutes. Nothing is opened before the first statement. Values come back as text, except booleans.
 */
export function connect(endpoint: Endpoint, options: ConnectOptions): Sql {
  const signer = new DsqlSigner({
    hostname: endpoint.hostname,
    region: endpoint.region,
    expiresIn: tokenSeconds,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  const token = async (): Promise<string> => {
    try {
      return await (endpoint.user === 'admin' ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken());
    } catch (error) {
      // A password that says what is wrong is refused, and read in the log.
      return `no token: ${error instanceof Error ? error.name : 'unknown error'}`;
    }
  };
  return connectWith(options.maxConnections, async () => ({
    host: endpoint.address ?? endpoint.hostname,
    port: endpoint.port,
    user: endpoint.user,
    database: endpoint.database,
    password: await token(),
    ssl: {
      servername: endpoint.hostname,
      rejectUnauthorized: true,
      ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
    },
    statementMs: options.statementMs ?? defaultStatementMs,
  }));
}

/** A pool whose connections are opened with settings that are asked for each time. */
export function connectWith(maxConnections: number, settings: () => Promise<SessionSettings>): Sql {
  return sqlOf(
    new Pool({
      maxConnections,
      idleMs,
      lifetimeMs: connectionLifetimeSeconds * 1000,
      open: async () => {
        await ramp();
        return await Session.open(await settings());
      },
    }),
  );
}

/** Opens connections of this process at most this often: under the cluster's 100 a second, with room for other processes. */
const connectEveryMs = 20;
let nextConnect = 0;

async function ramp(): Promise<void> {
  const now = performance.now();
  const slot = Math.max(now, nextConnect);
  nextConnect = slot + connectEveryMs;
  if (slot > now) await systemClock.sleep(slot - now);
}
