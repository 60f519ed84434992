import net from 'node:net';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import postgres from 'postgres';
import { systemClock } from '../clock.ts';
import { connectionLifetimeSeconds } from '../limits.ts';
import type { Endpoint } from './endpoint.ts';

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

/** Opens connections of this process at most this often: under the cluster's 100 a second, with room for other processes. */
const connectEveryMs = 20;
let nextConnect = 0;

/**
 * A statement that hears nothing for this long is given up by ending its connection; what it did is then read from the
 * ledger. DSQL refuses `SET statement_timeout` and ends a transaction after 300 s.
 */
const silentForMs = 120_000;

/** A socket without Nagle's algorithm, which makes large statements wait; ramped, and ended when it falls silent. */
async function openSocket(endpoint: Endpoint): Promise<net.Socket> {
  const now = performance.now();
  const slot = Math.max(now, nextConnect);
  nextConnect = slot + connectEveryMs;
  if (slot > now) await systemClock.sleep(slot - now);
  const socket = net.connect({ host: endpoint.hostname, port: endpoint.port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      connectTimeoutSeconds * 1000,
    );
    socket.once('close', () => clearTimeout(timer));
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', reject);
  });
  // The driver removes all listeners of the socket, so silence is noticed by looking, not by an event.
  let heard = 0;
  const watch = setInterval(() => {
    const bytes = socket.bytesRead + socket.bytesWritten;
    if (bytes === heard) socket.destroy();
    heard = bytes;
    if (socket.destroyed) clearInterval(watch);
  }, silentForMs);
  watch.unref();
  socket.removeAllListeners();
  return socket;
}
