/**
 * The base of every error the service throws on purpose.
 *
 * `name` is a literal in each subclass, because Step Functions matches it after minifying. `code` is stable, for the
 * command line, the execution log and notices. Messages carry numbers and a remedy; never row values, parameters of
 * statements, tokens or secrets, for they reach SNS and the execution history.
 */
export abstract class EtlError extends Error {
  abstract override readonly name: string;
  /** Stable, snake_case, e.g. `file_not_found`. */
  abstract readonly code: string;

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** The same call may succeed later: a conflict, a lost connection, a busy server. */
export abstract class TransientError extends EtlError {}

/** The same call cannot succeed until a person changes something. */
export abstract class TerminalError extends EtlError {}

/** What a person should read of anything that was thrown: one line, no stack. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '' && thrown.errors.length > 0) {
    return messageOf(thrown.errors[0]);
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}
