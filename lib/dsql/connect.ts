import net from 'node:net';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import postgres from 'postgres';
import type { Endpoint } from './endpoint.ts';
import { connectionLifetimeSeconds } from './limits.ts';

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ConnectOptions {
  /** 1 to 30 connections; opened when needed, one token each. */
  readonly maxConnections: number;
  /** Signs the tokens; the AWS SDK's default chain when left out. */
  readonly credentials?: AwsCredentials;
}

/** A token lives this long; it is checked when a connection opens, and each connection gets its own. */
const tokenSeconds = 900;

const connectTimeoutSeconds = 15;

/** Types that stay text, so that no digit, microsecond or time zone is lost: numbers, dates, times, JSON, uuid arrays. */
const textTypes = { to: 25, from: [20, 21, 23, 26, 114, 700, 701, 1700, 1082, 1083, 1114, 1184, 1266, 3802] };

/**
 * A pool of connections to DSQL, local or in AWS: TLS verified, an IAM token per connection, renewed before the
 * cluster's 60 minutes. Nothing is opened before the first statement. Values come back as text, except booleans.
 *
 * End it with `end({ timeout })`: without a timeout it hangs when a lifetime ran out inside a transaction.
 */
export function connect(endpoint: Endpoint, options: ConnectOptions): Sql {
  const signer = new DsqlSigner({
    hostname: endpoint.hostname,
    region: endpoint.region,
    expiresIn: tokenSeconds,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  const settings = {
    host: endpoint.hostname,
    port: endpoint.port,
    user: endpoint.user,
    database: endpoint.database,
    password: async () => {
      try {
        return await (endpoint.user === 'admin' ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken());
      } catch (error) {
        // A throw in here would end the process; a password that says what is wrong is refused and read in the log.
        return `no token: ${error instanceof Error ? error.name : 'unknown error'}`;
      }
    },
    ssl: {
      servername: endpoint.hostname,
      rejectUnauthorized: true,
      ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
    },
    socket: () => openSocket(endpoint),
    max: options.maxConnections,
    max_lifetime: connectionLifetimeSeconds,
    idle_timeout: 60,
    connect_timeout: connectTimeoutSeconds,
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'dsql-etl' },
    types: { text: { ...textTypes, serialize: String, parse: (text: string) => text } },
  } satisfies postgres.Options<{ text: postgres.PostgresType<string> }> & {
    readonly socket: () => Promise<net.Socket>;
  };
  return postgres(settings) as unknown as Sql;
}

/** The driver's own sockets leave Nagle's algorithm on, which makes large statements wait. */
async function openSocket(endpoint: Endpoint): Promise<net.Socket> {
  const socket = net.connect({ host: endpoint.hostname, port: endpoint.port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(connectTimeoutSeconds * 1000, () => socket.destroy(new Error('connect ETIMEDOUT')));
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.setTimeout(0);
  socket.removeAllListeners();
  return socket;
}
