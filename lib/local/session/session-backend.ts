import { textCell } from '../catalog/table-facts.ts';
import type { Cluster } from '../cluster.ts';
import type { Waiter } from '../concurrency/lock-watch.ts';
import { type Owner, Transaction } from '../concurrency/transaction.ts';
import { Turn } from '../concurrency/turn.ts';
import type { Statement } from '../sql/statement.ts';
import { withoutOwnContext } from '../wire/error-response.ts';
import * as wire from '../wire/message.ts';
import { rowsOf } from '../wire/postgres-connection.ts';
import type { BackendLink, ExchangeOptions } from './backend-link.ts';

/**
 * One session's PostgreSQL backend and the transaction that is open there. The session works through it; other sessions
 * reach it when their COMMIT or their DDL comes first.
 */
export class SessionBackend implements Owner, Waiter {
  transaction: Transaction | undefined;
  readonly cluster: Cluster;
  readonly link: BackendLink;
  readonly turn: Turn;

  constructor(cluster: Cluster, link: BackendLink) {
    this.cluster = cluster;
    this.link = link;
    this.turn = new Turn(cluster.now);
    link.onOpen = (pid) => cluster.locks.add(pid, this);
    link.onClose = (pid) => cluster.locks.remove(pid);
  }

  // The transaction.

  /** Begins a transaction around statements the client did not put into one. */
  async begin(): Promise<Transaction> {
    await this.command('BEGIN');
    return this.begun(false);
  }

  /** PostgreSQL has begun a transaction: at the client's BEGIN (`explicit`), or at the guard's. */
  begun(explicit: boolean, startedAfter = this.cluster.commits.number): Transaction {
    this.transaction = new Transaction(explicit, this.cluster.now(), this, startedAfter);
    this.cluster.rowLocks.began(this.transaction);
    return this.transaction;
  }

  /** The transaction is over, in PostgreSQL too or about to be. */
  end(committed: boolean): void {
    if (this.transaction !== undefined) this.over(this.transaction, committed);
    if (!committed) this.cluster.schema.rolledBack(this);
    this.transaction = undefined;
  }

  /** The transaction has failed: PostgreSQL lets go of it at once, the client learns of it by 25P02. */
  async abort(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.failed) return;
    const { evicted } = transaction;
    transaction.fail();
    this.over(transaction, false);
    this.cluster.schema.rolledBack(this);
    if (!evicted) await this.command('ROLLBACK');
  }

  private over(transaction: Transaction, committed: boolean): void {
    transaction.end(committed);
    this.cluster.rowLocks.ended(transaction);
  }

  /** Undoes the statement that ran last, and those run on copies since. */
  async undoLast(transaction: Transaction): Promise<void> {
    await this.command(`ROLLBACK TO SAVEPOINT ${transaction.savepoints === 1 ? 'dsql_first' : 'dsql_last'}`);
  }

  close(): void {
    this.end(false);
    this.link.connection?.close();
  }

  // PostgreSQL.

  /** A command of the guard's own; PostgreSQL's error frame when it refused. */
  async command(text: string): Promise<Buffer | undefined> {
    return await this.link.command(text);
  }

  /** The one value of a query of the guard's own; undefined when it is null, has no row, or was refused. */
  async ask(query: string): Promise<string | undefined> {
    let value: string | undefined;
    await this.link.exchange([wire.ownCommand(query), wire.sync], {
      only: new Set(),
      onRow: (chunk, start) => {
        value = textCell(chunk, start);
      },
    });
    return value;
  }

  /** Sends frames that run nothing; false when PostgreSQL refused one. */
  async pass(frames: readonly Buffer[]): Promise<boolean> {
    const failed = await this.exchange([...frames, wire.sync], undefined, {});
    if (failed === undefined) return true;
    await this.abort();
    this.link.write(withoutOwnContext(failed));
    return false;
  }

  /** Sends frames to PostgreSQL and its response to the client, except an error, which is returned. */
  async exchange(
    frames: readonly Buffer[],
    statement: Statement | undefined,
    options: ExchangeOptions,
  ): Promise<Buffer | undefined> {
    const rowsBefore = this.transaction?.rows ?? 0;
    const failed = await this.link.exchange(frames, {
      onTag: (tag) => this.completed(statement, tag),
      onNotice: (frame) => this.cluster.schema.noticed(this, frame),
      ...options,
    });
    if (failed !== undefined && this.transaction !== undefined) this.transaction.rows = rowsBefore;
    return failed;
  }

  /** Runs what may wait for a lock under the lock watch. */
  async watched<T>(work: () => Promise<T>, kind: 'rows' | 'schema' = 'rows'): Promise<T> {
    const { pid } = await this.link.open();
    this.cluster.locks.enter(this, pid, kind);
    try {
      return await work();
    } finally {
      this.cluster.locks.leave(this);
    }
  }

  /** Notes what a finished statement did; the tag's replacement where DSQL's differs. */
  private completed(statement: Statement | undefined, tag: string): true | Buffer {
    if (statement?.kind === 'write' && this.transaction !== undefined && /^(INSERT|UPDATE|DELETE|COPY) /.test(tag)) {
      this.transaction.rows += rowsOf(tag);
    }
    return statement?.tag === undefined ? true : wire.commandComplete(statement.tag);
  }

  // Other sessions.

  /** Another session's COMMIT came first: what this transaction changed is undone, and its own COMMIT will fail. */
  async unseat(transaction: Transaction): Promise<boolean> {
    if (this.transaction !== transaction || !transaction.explicit || transaction.savepoints === 0) return false;
    transaction.undo();
    await this.seize('ROLLBACK TO SAVEPOINT dsql_first');
    return true;
  }

  /** Another session's DDL came first: the transaction is rolled back, and the client learns of it by OC001. */
  async evict(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.failed || transaction.evicted) return;
    if (this.turn.running) return;
    transaction.evict();
    this.over(transaction, false);
    await this.seize('ROLLBACK');
  }

  private async seize(command: string): Promise<void> {
    const { connection } = this.link;
    if (connection !== undefined) await this.turn.seize(() => connection.command(command));
  }
}
