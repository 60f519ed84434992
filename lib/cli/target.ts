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

/**
 * Opens the target that `--target` names, else the configuration's, else the local DSQL.
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
  const hostname = named === 'local' ? undefined : (named ?? settings.hostname);
  const connections = settings.max_connections ?? 10;
  if (hostname === undefined) {
    const hold = await holdLocalDsql({ stateDir });
    const { hostname: host, port, region, ca, user } = hold.endpoint;
    return opened(
      { hostname: host, port, region, ca, user, database: 'postgres' },
      connections,
      true,
      hold.credentials,
      () => hold.release(),
      statementMs,
    );
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
  return opened(endpoint, connections, false, credentials, async () => undefined, statementMs);
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

function opened(
  endpoint: Endpoint,
  connections: number,
  local: boolean,
  credentials: ConnectOptions['credentials'],
  release: () => Promise<void>,
  statementMs: number | undefined,
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
