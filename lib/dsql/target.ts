import { EtlError } from '../errors.ts';
import type { Sql } from './connect.ts';
import { PrivilegeMissingError, StatementRefusedError, TargetAccessDeniedError } from './errors.ts';
import { classifyFailure } from './failure.ts';
import { type RetryContext, withRetries } from './retry.ts';

/** A database as a run uses it: the pool, the words for messages, the retries, and the process whose end ends its leases. */
export interface Target {
  readonly sql: Sql;
  /** The endpoint and user, for messages. */
  readonly where: { readonly endpoint: string; readonly user: string };
  readonly retry: RetryContext;
  /** This process, whose end ends its leases for others on this host; 0 where no process stays, as in a Lambda. */
  readonly pid: number;
  /** Told of each DDL statement that was executed. */
  readonly onDdl?: ((text: string) => void) | undefined;
}

/** As `withRetries`, for statements whose refusal no caller can mend: the error says what and why. */
export async function runStatement<T>(
  what: string,
  { retry, where }: Pick<Target, 'where' | 'retry'>,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await withRetries(what, retry, attempt);
  } catch (error) {
    if (error instanceof EtlError || retry.signal?.aborted === true) throw error;
    const failure = classifyFailure(error);
    // A login that is refused has other words.
    if (failure.class === 'denied' && /^(permission denied for|must be owner of) /.test(failure.words)) {
      throw new PrivilegeMissingError(what, where.user, failure.words, { cause: error });
    }
    throw failure.class === 'denied'
      ? new TargetAccessDeniedError(where.endpoint, where.user, failure.words, { cause: error })
      : new StatementRefusedError(what, failure.code, failure.words, { cause: error });
  }
}
