import type { LocalEndpoint } from '../../local/client.ts';
import { configOption, jsonOption, type RegisterCommand } from '../command.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';

interface LocalOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl local …`: the local DSQL for any PostgreSQL client. */
export const registerLocal: RegisterCommand = (program, end) => {
  const local = program.command('local').description('the local DSQL, as a server for any PostgreSQL client');
  local
    .command('start')
    .description('start it and leave it running')
    .option('-p, --port <port>', 'port on 127.0.0.1; default: any free one')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: LocalOptions & { readonly port?: string }) => end(await start(options)));
  local
    .command('stop')
    .description('stop it')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: LocalOptions) => end(await stop(options)));
  local
    .command('status')
    .description('say whether it is running, and how to connect')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: LocalOptions) => end(await status(options)));
  local
    .command('env')
    .description('print how to connect, as variables for a shell: eval "$(etl local env)"')
    .addOption(configOption())
    .action(async (options: LocalOptions) => end(await environment(options)));
  local
    .command('token')
    .description('print a password that is valid for 15 minutes')
    .option('-u, --user <user>', 'database role', 'admin')
    .addOption(configOption())
    .action(async (options: LocalOptions & { readonly user: string }) => end(await token(options)));
};

async function start(options: LocalOptions & { readonly port?: string }): Promise<ExitStatus> {
  const port = options.port === undefined ? undefined : Number(options.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new InvalidOptionError('--port', options.port ?? '', 'a number from 0 to 65535');
  }
  const { startLocalDsql } = await import('../../local/client.ts');
  const { stateFolderOf } = await import('./state-folder.ts');
  const endpoint = await startLocalDsql({
    stateDir: stateFolderOf(options.config),
    ...(port === undefined ? {} : { port }),
  });
  print(endpoint, options, `The local DSQL is running.`);
  return 0;
}

async function stop(options: LocalOptions): Promise<ExitStatus> {
  const { stopLocalDsql } = await import('../../local/client.ts');
  const { stateFolderOf } = await import('./state-folder.ts');
  const stopped = await stopLocalDsql(stateFolderOf(options.config));
  if (options.json === true) process.stdout.write(`${JSON.stringify({ stopped })}\n`);
  else process.stdout.write(stopped ? 'The local DSQL has stopped.\n' : 'The local DSQL was not running.\n');
  return 0;
}

async function status(options: LocalOptions): Promise<ExitStatus> {
  const { localDsqlStatus } = await import('../../local/client.ts');
  const { stateFolderOf } = await import('./state-folder.ts');
  const endpoint = await localDsqlStatus(stateFolderOf(options.config));
  if (endpoint !== undefined) print(endpoint, options, 'The local DSQL is running.');
  else if (options.json === true) process.stdout.write(`${JSON.stringify({ running: false })}\n`);
  else process.stdout.write('The local DSQL is not running. Start it with: etl local start\n');
  return 0;
}

async function environment(options: LocalOptions): Promise<ExitStatus> {
  const { localDsqlStatus } = await import('../../local/client.ts');
  const { localDsqlVariables } = await import('../../local/sign-in.ts');
  const { LocalDsqlNotRunningError } = await import('../../local/errors.ts');
  const { stateFolderOf } = await import('./state-folder.ts');
  const stateDir = stateFolderOf(options.config);
  const endpoint = await localDsqlStatus(stateDir);
  if (endpoint === undefined) throw new LocalDsqlNotRunningError(stateDir);
  const variables = Object.entries(await localDsqlVariables(stateDir, endpoint));
  for (const [name, value] of variables) process.stdout.write(`export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
  return 0;
}

async function token(options: LocalOptions & { readonly user: string }): Promise<ExitStatus> {
  const { localDsqlToken } = await import('../../local/sign-in.ts');
  const { stateFolderOf } = await import('./state-folder.ts');
  process.stdout.write(`${await localDsqlToken(stateFolderOf(options.config), { user: options.user })}\n`);
  return 0;
}

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
