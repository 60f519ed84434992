import type { Sql } from './connect.ts';
import type { RetryContext } from './retry.ts';

/** A database as a run uses it: the pool, the words for messages, the retries, and the process whose end ends its leases. */
export interface Target {
  readonly sql: Sql;
  /** The endpoint and user, for messages. */
  readonly where: { readonly endpoint: string; readonly user: string };
  readonly retry: RetryContext;
  /** This process, whose end ends its leases for others on this host; 0 where no process stays, as in a Lambda. */
  readonly pid: number;
}
