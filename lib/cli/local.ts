import { localDsqlStatus, localDsqlToken, startLocalDsql, stopLocalDsql } from '../local/client.ts';
import { type ExitStatus, InvalidOptionError } from './main.ts';
import { stateFolderOf } from './state-folder.ts';

export interface LocalOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `etl local start`: the local DSQL for any PostgreSQL client, until `etl local stop`. */
export async function localStartCommand(options: LocalOptions & { readonly port?: string }): Promise<ExitStatus> {
  const port = options.port === undefined ? undefined : Number(options.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new InvalidOptionError('--port', options.port ?? '', 'a number from 0 to 65535');
  }
  const endpoint = await startLocalDsql({
    stateDir: stateFolderOf(options.config),
    ...(port === undefined ? {} : { port }),
  });
  print(endpoint, options, `The local DSQL is running.`);
  return 0;
}

/** `etl local stop` */
export async function localStopCommand(options: LocalOptions): Promise<ExitStatus> {
  const stopped = await stopLocalDsql(stateFolderOf(options.config));
  if (options.json === true) process.stdout.write(`${JSON.stringify({ stopped })}\n`);
  else process.stdout.write(stopped ? 'The local DSQL has stopped.\n' : 'The local DSQL was not running.\n');
  return 0;
}

/** `etl local status` */
export async function localStatusCommand(options: LocalOptions): Promise<ExitStatus> {
  const endpoint = await localDsqlStatus(stateFolderOf(options.config));
  if (endpoint !== undefined) print(endpoint, options, 'The local DSQL is running.');
  else if (options.json === true) process.stdout.write(`${JSON.stringify({ running: false })}\n`);
  else process.stdout.write('The local DSQL is not running. Start it with: etl local start\n');
  return 0;
}

/** `etl local token`: a password for any PostgreSQL client. */
export async function localTokenCommand(options: LocalOptions & { readonly user: string }): Promise<ExitStatus> {
  process.stdout.write(`${await localDsqlToken(stateFolderOf(options.config), { user: options.user })}\n`);
  return 0;
}

type LocalEndpoint = NonNullable<Awaited<ReturnType<typeof localDsqlStatus>>>;

function print(endpoint: LocalEndpoint, options: LocalOptions, headline: string): void {
  const { caFile, hostname, pid, port, region, user } = endpoint;
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ running: true, endpoint: hostname, port, ca_file: caFile, region, user, database: 'postgres', pid }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(
    `${headline}\n  endpoint ${hostname}, port ${port}, user ${user}, database postgres, region ${region}, pid ${pid}\n` +
      `  authority of its certificate: ${caFile}\n\n` +
      `  PGPASSWORD="$(npx etl local token)" psql "host=${hostname} port=${port} user=${user} dbname=postgres sslmode=verify-full sslrootcert=${caFile}"\n`,
  );
}
