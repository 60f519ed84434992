import type { Transaction } from '../concurrency/transaction.ts';
import * as errors from '../wire/dsql-errors.ts';
import { type DsqlError, errorResponse } from '../wire/error-response.ts';
import type { Contest } from './contest.ts';
import { LockCheck } from './lock-check.ts';
import type { SessionBackend } from './session-backend.ts';
import { refuseCommit } from './transaction-rules.ts';
import { translateError } from './translate-error.ts';

/** Commits a session's transactions, unless DSQL would not. */
export class Committer {
  private readonly backend: SessionBackend;
  private readonly contest: Contest;
  private readonly locks: LockCheck;

  constructor(backend: SessionBackend, contest: Contest) {
    this.backend = backend;
    this.contest = contest;
    this.locks = new LockCheck(backend);
  }

  /**
   * Commits; the refusal's frame when it could not be. The transaction is over either way.
   *
   * @param frames  what makes PostgreSQL commit
   * @param only    types of messages the client is to see; all when absent
   * @throws {SessionOver} when a fault drops the connection
   */
  async commit(
    transaction: Transaction,
    frames: readonly Buffer[],
    only?: ReadonlySet<number>,
  ): Promise<Buffer | undefined> {
    const { backend } = this;
    const { cluster } = backend;
    const refusal = (await this.before(transaction)) ?? (await this.contest.win(transaction)) ?? transaction.refusal;
    if (refusal !== undefined) return await this.refuse(transaction, refusal);
    const locked = transaction.rowLocks.size === 0 ? [] : await this.locks.lockedRows(transaction);
    const entry = locked.length === 0 ? undefined : cluster.rowLocks.enter(locked);
    let number: number | undefined;
    try {
      if (await this.locks.conflicts(transaction, cluster.rowLocks.since(transaction, entry))) {
        return await this.refuse(transaction, errors.conflict);
      }
      // Another session's COMMIT may have come first at the last moment; looked at when nothing can come between any more.
      const check = () => transaction.refusal;
      const failed = await backend.exchange(frames, undefined, { check, ...(only === undefined ? {} : { only }) });
      const late = check();
      if (late !== undefined) return await this.refuse(transaction, late);
      if (failed === undefined && transaction.wrote) cluster.commits.note(transaction.written.keys());
      if (failed === undefined) number = cluster.commits.number;
      backend.end(failed === undefined);
      if (failed !== undefined) return translateError(failed, backend.link);
    } finally {
      if (entry !== undefined) cluster.rowLocks.settle(entry, number);
    }
    await this.committed(transaction);
    return undefined;
  }

  private async committed(transaction: Transaction): Promise<void> {
    const { backend } = this;
    const { cluster, link } = backend;
    cluster.schema.committed(backend);
    if (transaction.ddl > 0) {
      cluster.tables.forget();
      await cluster.jobs.registered();
    }
    if ((transaction.wrote || transaction.ddl > 0) && cluster.faults.dropsAfterCommit()) link.vanish();
    if ((transaction.wrote || transaction.ddl > 0) && cluster.faults.silencesAfterCommit()) await link.fallSilent();
  }

  private async before(transaction: Transaction): Promise<DsqlError | undefined> {
    const changes = transaction.wrote || transaction.ddl > 0;
    const fault = await this.backend.cluster.faults.beforeCommit(changes);
    if (fault === 'drop') this.backend.link.vanish();
    if (fault === 'silence') {
      await this.backend.command('ROLLBACK');
      this.backend.end(false);
      return await this.backend.link.fallSilent();
    }
    return fault ?? (await refuseCommit(transaction, this.backend.cluster));
  }

  private async refuse(transaction: Transaction, refusal: DsqlError): Promise<Buffer> {
    if (!transaction.evicted) await this.backend.command('ROLLBACK');
    this.backend.end(false);
    return errorResponse(refusal);
  }
}
