import type { DsqlError } from './wire/error-response.ts';

/** What the guard keeps of one transaction of one session. */
export class Transaction {
  /** Begun by the client's BEGIN, not by the guard around one statement. */
  explicit: boolean;
  /** An error ended it: PostgreSQL has rolled back, and the client must say so too. */
  failed = false;
  /** What its COMMIT will be refused with. */
  doom: DsqlError | undefined;
  rows = 0;
  /** Bytes modified, as DSQL accounts them. */
  bytes = 0;
  ddl = 0;
  wrote = false;
  readonly startedAt: number;

  constructor(explicit: boolean, startedAt: number) {
    this.explicit = explicit;
    this.startedAt = startedAt;
  }
}
