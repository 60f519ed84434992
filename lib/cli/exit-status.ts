import { TerminalError } from '../errors.ts';

/** What a command leaves behind: 0 done, 1 a run failed, 2 the command line or the configuration was wrong, 130 interrupted. */
export type ExitStatus = 0 | 1 | 2 | 130;

/** Codes of errors that mean the command line or the configuration is wrong, not the run. */
export const usageCodes: ReadonlySet<string> = new Set([
  'invalid_config',
  'config_not_found',
  'unknown_pipeline',
  'bad_rule',
  'invalid_option',
  'unknown_run',
  'not_confirmed',
  'nothing_here',
  'bad_repaired_file',
  'cdk_missing',
  'answer_needed',
  'config_not_editable',
]);

/** An option's value cannot be used. */
export class InvalidOptionError extends TerminalError {
  override readonly name = 'InvalidOptionError';
  readonly code = 'invalid_option';

  constructor(option: string, value: string, expected: string) {
    super(`${option} ${value} cannot be used: expected ${expected}.`);
  }
}

/** A command asks about what was loaded, in a folder where nothing ever was. */
export class NothingHereError extends TerminalError {
  override readonly name = 'NothingHereError';
  readonly code = 'nothing_here';

  constructor(folder: string) {
    super(
      `There is no configuration in ${folder} (etl.yaml, etl.yml, etl.json or config.json) and no local DSQL, so there is ` +
        'nothing to look at. Name a configuration with --config or a cluster with --target; --target local makes a local DSQL here.',
    );
  }
}

/** A file of repaired rows cannot be used. */
export class RepairedFileError extends TerminalError {
  override readonly name = 'RepairedFileError';
  readonly code = 'bad_repaired_file';

  constructor(file: string, why: string) {
    super(
      `${file} is no file of repaired rows: ${why}. Make one with etl rejects RUN --export rows.csv, put the values right, and ` +
        'leave the columns that begin with etl_ as they are. Nothing was changed.',
    );
  }
}
