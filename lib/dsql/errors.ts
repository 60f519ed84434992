import { TerminalError, TransientError } from '../errors.ts';

/** The target refused the token or the role. */
export class TargetAccessDeniedError extends TerminalError {
  override readonly name = 'TargetAccessDeniedError';
  readonly code = 'target_access_denied';

  constructor(endpoint: string, user: string, reason: string, options: { readonly cause?: unknown } = {}) {
    super(
      `The target ${endpoint} refused user ${user}: ${reason}. Check the AWS credentials, the permission ${
        user === 'admin' ? 'dsql:DbConnectAdmin' : 'dsql:DbConnect'
      } and aurora_dsql.region.`,
      options,
    );
  }
}

/** The role that is connected may not do what a statement asks for. */
export class PrivilegeMissingError extends TerminalError {
  override readonly name = 'PrivilegeMissingError';
  readonly code = 'privilege_missing';

  constructor(what: string, user: string, reason: string, options: { readonly cause?: unknown } = {}) {
    const table = /^permission denied for (?:table|view|relation) (\S+)$/.exec(reason)?.[1];
    const how = table === undefined ? '' : `, e.g. GRANT SELECT ON ${table} TO ${user}`;
    super(`${what} was refused to role ${user}: ${reason}. As admin, give the role the privilege${how}.`, options);
  }
}

/** Every attempt met a conflict with another transaction. */
export class ConflictRetriesExhaustedError extends TransientError {
  override readonly name = 'ConflictRetriesExhaustedError';
  readonly code = 'conflict_retries_exhausted';

  constructor(what: string, attempts: number, options: { readonly cause?: unknown } = {}) {
    super(
      `${what} met a conflict with another transaction ${attempts} times in a row. Run again when fewer writers are at work; what is loaded stays loaded.`,
      options,
    );
  }
}

/** The connection was lost, or the server was not available, more often than we try. */
export class TargetUnavailableError extends TransientError {
  override readonly name = 'TargetUnavailableError';
  readonly code = 'target_unavailable';

  constructor(what: string, attempts: number, reason: string, options: { readonly cause?: unknown } = {}) {
    super(`${what} failed ${attempts} times: ${reason}. Run again later; what is loaded stays loaded.`, options);
  }
}

/** The database refused a statement for a reason that a repetition does not change. */
export class StatementRefusedError extends TerminalError {
  override readonly name = 'StatementRefusedError';
  readonly code = 'statement_refused';
  readonly sqlState: string | undefined;

  constructor(what: string, sqlState: string | undefined, words: string, options: { readonly cause?: unknown } = {}) {
    super(
      `${what} was refused by the database: ${words}${sqlState === undefined ? '' : ` (SQLSTATE ${sqlState})`}.`,
      options,
    );
    this.sqlState = sqlState;
  }
}
