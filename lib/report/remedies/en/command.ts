import type { Remedies } from '../remedy.ts';

/** Of commands, in English. */
export const command = {
  answer_needed: {
    means: 'A question has no answer, and nobody is there to be asked.',
    todo: 'Give the answer as an option, as the message says.',
  },
  bad_repaired_file: {
    means: 'A file of repaired rows cannot be used; nothing was changed.',
    todo: 'Make one with `etl rejects RUN --export rows.csv`, put the values right, and leave the columns that begin with `etl_` as they are.',
  },
  folder_taken: {
    means: 'A folder under a name that others can guess is not ours alone.',
    todo: 'Remove it, or have its owner remove it, and start again.',
  },
  invalid_option: { means: "An option's value cannot be used.", todo: 'Give what the message expects.' },
  local_busy: {
    means: 'The running local DSQL was started with another port or other limits than are asked for.',
    todo: 'Stop it with `etl local stop`, and start again.',
  },
  local_control_closed: {
    means: 'The control connection to the local DSQL ended before it answered.',
    todo: 'Run the command again: it starts a new server.',
  },
  local_control_refused: {
    means: 'A command of the control API of the local DSQL was refused.',
    todo: 'Correct what the message says.',
  },
  local_not_built: { means: 'The compiled server of the local DSQL is absent.', todo: 'Run `npm run build`.' },
  local_not_running: {
    means: 'A command that needs a running local DSQL found none.',
    todo: 'Start one with `etl local start`.',
  },
  local_postgres_missing: {
    means: 'The local DSQL has no PostgreSQL to run for this platform.',
    todo: 'Run `npm ci` without `--omit=optional`, on Linux or macOS.',
  },
  local_start_failed: { means: 'The local DSQL did not start.', todo: 'See its log, which the message names.' },
  not_confirmed: {
    means: 'A command deletes rows, and nobody is there to say yes; nothing was done.',
    todo: 'Say `--yes` where nobody can be asked.',
  },
  nothing_here: {
    means: 'A command asks about what was loaded, in a folder where nothing ever was.',
    todo: 'Name a configuration with `--config`, or a cluster with `--target`.',
  },
} as const satisfies Remedies;
