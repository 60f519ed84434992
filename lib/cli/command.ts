import { type Command, Option } from 'commander';
import type { ExitStatus } from './exit-status.ts';

/**
 * Adds a command to the program: its name, options and action, which ends by giving the exit status to `end`. What the
 * action needs is imported inside it, so that `etl --help` loads no database client.
 */
export type RegisterCommand = (program: Command, end: (status: ExitStatus) => void) => void;

/** `--config`, as every command spells it. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration; default: etl.yaml, etl.yml, etl.json or config.json here');
}

/** `--stage` */
export function stageOption(): Option {
  return new Option('--stage <name>', 'take the values of `stages.<name>` over the rest of the configuration');
}

/** `--target` */
export function targetOption(): Option {
  return new Option('-t, --target <target>', '"local" for the local DSQL, or a cluster\'s host name');
}

/** `--json` */
export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document on stdout, everything else on stderr');
}

/** Options of the commands that delete rows. */
export interface DeleteOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}
