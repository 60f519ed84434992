import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { EtlError, messageOf, TerminalError } from '../errors.ts';

/** What a command leaves behind: 0 done, 1 a run failed, 2 the command line or the configuration was wrong. */
export type ExitStatus = 0 | 1 | 2;

/** Codes of errors that mean the command line or the configuration is wrong, not the run. */
const usageCodes: ReadonlySet<string> = new Set([
  'invalid_config',
  'config_not_found',
  'unknown_pipeline',
  'bad_rule',
  'invalid_option',
]);

const version = (JSON.parse(readFileSync(findPackageFile(), 'utf8')) as { readonly version: string }).version;

/** The package's own package.json, from the sources or from `dist`. */
function findPackageFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json', import.meta.url);
}

/** Runs one command line; never throws. Commands are loaded when they are needed, so that `--help` is quick. */
export async function main(args: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const program = new Command('etl')
    .description('Loads APIs and files into Amazon Aurora DSQL; nothing lost, nothing doubled.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(etl --help shows the commands)');
  const config = new Option(
    '-c, --config <file>',
    'configuration; default: etl.yaml, etl.yml, etl.json or config.json here',
  );
  const target = new Option('-t, --target <target>', '"local" for the local DSQL, or a cluster\'s host name');
  const json = new Option('--json', 'print one JSON document on stdout, everything else on stderr');

  program
    .command('run')
    .description('run the named pipelines, or all; the failure of one does not stop the rest')
    .argument('[pipeline...]', 'names of pipelines')
    .addOption(config)
    .addOption(target)
    .option('--again', 'load a source that was loaded already, and start an interrupted run over')
    .option('--force', 'let load_mode replace take away more rows than max_shrink allows')
    .option('--wait', 'wait for a run of the same pipeline that is under way, instead of skipping')
    .option('--from <value>', 'backfill an incremental source from this cursor value; the watermark stays')
    .option('--to <value>', 'backfill an incremental source up to this cursor value; the watermark stays')
    .addOption(json)
    .option('-q, --quiet', 'no progress, only the results')
    .action(async (pipelines: string[], options) => {
      status = await (await import('./run.ts')).runCommand(pipelines, options);
    });
  program
    .command('check')
    .description('validate the configuration without running it')
    .addOption(config)
    .addOption(json)
    .action(async (options) => {
      status = await (await import('./check.ts')).checkCommand(options);
    });
  program
    .command('sql')
    .description('run one SQL statement against the target and print the rows')
    .argument('<query>', 'the statement')
    .addOption(config)
    .addOption(target)
    .addOption(json)
    .action(async (query: string, options) => {
      status = await (await import('./sql.ts')).sqlCommand(query, options);
    });
  program
    .command('runs')
    .description('show the execution log, newest first')
    .argument('[pipeline]', 'only the runs of this pipeline')
    .addOption(config)
    .addOption(target)
    .option('-n, --limit <number>', 'runs to show', '50')
    .addOption(json)
    .action(async (pipeline: string | undefined, options) => {
      status = await (await import('./runs.ts')).runsCommand(pipeline, options);
    });

  const local = program.command('local').description('the local DSQL, as a server for any PostgreSQL client');
  local
    .command('start')
    .description('start it and leave it running')
    .option('-p, --port <port>', 'port on 127.0.0.1; default: any free one')
    .addOption(config)
    .addOption(json)
    .action(async (options) => {
      status = await (await import('./local.ts')).localStartCommand(options);
    });
  for (const name of ['stop', 'status'] as const) {
    local
      .command(name)
      .description(name === 'stop' ? 'stop it' : 'say whether it is running, and how to connect')
      .addOption(config)
      .addOption(json)
      .action(async (options) => {
        const commands = await import('./local.ts');
        status = await (name === 'stop' ? commands.localStopCommand(options) : commands.localStatusCommand(options));
      });
  }
  local
    .command('token')
    .description('print a password that is valid for 15 minutes')
    .option('-u, --user <user>', 'database role', 'admin')
    .addOption(config)
    .action(async (options) => {
      status = await (await import('./local.ts')).localTokenCommand(options);
    });

  try {
    await program.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${describe(error)}\n`);
    return error instanceof EtlError && usageCodes.has(error.code) ? 2 : 1;
  }
}

/** An error for a person: what we throw on purpose as it is, anything else marked as unexpected. */
function describe(error: unknown): string {
  if (error instanceof EtlError) return messageOf(error);
  return `Unexpected error: ${messageOf(error)}`;
}

/** An option's value cannot be used. */
export class InvalidOptionError extends TerminalError {
  override readonly name = 'InvalidOptionError';
  readonly code = 'invalid_option';

  constructor(option: string, value: string, expected: string) {
    super(`${option} ${value} cannot be used: expected ${expected}.`);
  }
}
