import { existsSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import type { AuroraDsql } from '../config/config.ts';
import { readEnvironment } from '../config/environment.ts';
import { type ConnectOptions, connect } from '../dsql/connect.ts';
import { type Endpoint, regionOfHostname } from '../dsql/endpoint.ts';
import type { Target } from '../dsql/target.ts';
import { holdLocalDsql } from '../local/client.ts';
import { InvalidOptionError, NothingHereError } from './exit-status.ts';
import { optionalConfig, stateFolder } from './local/state-folder.ts';

/** An open target: the local DSQL or a cluster. */
export interface OpenTarget extends Target {
  readonly connections: number;
  /** Ends the connections. The local DSQL stops when no other process holds it and it was not started to stay. */
  readonly close: () => Promise<void>;
}

/** The local DSQL listens nowhere else. */
const localAddress = '127.0.0.1';

/** Where the target is and how to sign in to it; not yet connected. */
export interface FoundTarget {
  readonly endpoint: Endpoint;
  readonly local: boolean;
  /** Undefined: the default chain of the SDK. */
  readonly credentials: ConnectOptions['credentials'];
  /** Lets go of the local DSQL, which stops when no other process holds it and it was not started to stay. */
  readonly release: () => Promise<void>;
}

/**
 * Finds the target that `--target` names, else the configuration's, else the local DSQL, which is started where it does not run.
 *
 * @throws {InvalidOptionError} when a cluster is named whose Region is nowhere to be found
 */
export async function findTarget(
  named: string | undefined,
  settings: Partial<AuroraDsql>,
  stateDir: string,
): Promise<FoundTarget> {
  const hostname = named === 'local' ? undefined : (named ?? settings.hostname);
  if (hostname === undefined) {
    const hold = await holdLocalDsql({ stateDir });
    const { hostname: host, port, region, ca, user } = hold.endpoint;
    const endpoint = { hostname: host, address: localAddress, port, region, ca, user, database: 'postgres' };
    return { endpoint, local: true, credentials: hold.credentials, release: () => hold.release() };
  }
  const region =
    (hostname === settings.hostname ? settings.region : undefined) ?? regionOfHostname(hostname) ?? settings.region;
  if (region === undefined) {
    throw new InvalidOptionError(
      '--target',
      hostname,
      'an endpoint like <id>.dsql.<region>.on.aws, or aurora_dsql.region set',
    );
  }
  const endpoint: Endpoint = { hostname, port: 5432, region, user: settings.user ?? 'admin', database: 'postgres' };
  // Only where the calls for credentials themselves have to go through a proxy; the signer has the same chain.
  const credentials =
    readEnvironment().proxyFor === undefined
      ? undefined
      : (await import('../aws/client-options.ts')).defaultCredentials();
  return { endpoint, local: false, credentials, release: async () => undefined };
}

/**
 * Opens the target that `findTarget` finds.
 *
 * @param statementMs  a statement that has not ended by then is given up; the usual time when left out
 * @throws {InvalidOptionError} when a cluster is named whose Region is nowhere to be found
 */
export async function openTarget(
  named: string | undefined,
  settings: Partial<AuroraDsql>,
  stateDir: string,
  statementMs?: number,
): Promise<OpenTarget> {
  return openFound(await findTarget(named, settings, stateDir), settings.max_connections ?? 10, statementMs);
}

/**
 * Opens the target of a command that needs no configuration, and uses one that exists. Where there is neither one, nor a
 * local DSQL that an earlier command has made, nothing is made either.
 *
 * @throws {NothingHereError}
 */
export async function openTargetOf(options: {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly statementMs?: number | undefined;
}): Promise<OpenTarget> {
  const loaded = optionalConfig(options.config, options.stage);
  const stateDir = stateFolder(loaded?.folder ?? process.cwd());
  if (loaded === undefined && options.target === undefined && !existsSync(stateDir)) {
    throw new NothingHereError(process.cwd());
  }
  return await openTarget(options.target, loaded?.config.aurora_dsql ?? {}, stateDir, options.statementMs);
}

/** Opens connections to a target that has been found, and lets go of it at the end. */
export function openFound(
  { credentials, endpoint, local, release }: FoundTarget,
  connections: number,
  statementMs?: number,
): OpenTarget {
  const sql = connect(endpoint, {
    maxConnections: connections,
    statementMs,
    ...(credentials === undefined ? {} : { credentials }),
  });
  return {
    sql,
    where: { endpoint: local ? 'local DSQL' : endpoint.hostname, user: endpoint.user },
    retry: { clock: systemClock, random: Math.random },
    pid: process.pid,
    connections,
    close: async () => {
      await sql.end({ timeout: 5 });
      await release();
    },
  };
}
