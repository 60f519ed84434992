import { BackendLink, type ExchangeOptions } from './backend-link.ts';
import { refuseByCatalog } from './catalog-rules.ts';
import type { ClientOutput } from './client-output.ts';
import type { ClientStream } from './client-stream.ts';
import { Contest } from './contest.ts';
import * as errors from './dsql-errors.ts';
import type { Guard } from './guard.ts';
import { rowsOf } from './postgres/connection.ts';
import { RowWriter } from './row-writer.ts';
import type { Statement } from './sql/statement.ts';
import { tableKey } from './table-facts.ts';
import { type Owner, Transaction } from './transaction.ts';
import { Turn } from './turn.ts';
import { type DsqlError, errorFields, errorResponse } from './wire/error-response.ts';
import * as wire from './wire/message.ts';
import type { Work } from './work.ts';

/** Ends a session whose connection the guard has closed. */
export class SessionOver extends Error {
  override readonly name = 'SessionOver';
}

/** Types of messages that stand although the statement after them was taken back. */
const preludeAnswers: ReadonlySet<number> = new Set([
  wire.backend.parseComplete,
  wire.backend.bindComplete,
  wire.backend.parameterDescription,
  wire.backend.rowDescription,
  wire.backend.noData,
  wire.backend.closeComplete,
]);

/** How long a DROP waits for an index that is being built. */
const jobPatienceMs = 1_000;

/** Runs one session's statements on a PostgreSQL backend of its own, and holds its transaction to DSQL's rules. */
export class Executor implements Owner {
  transaction: Transaction | undefined;
  readonly guard: Guard;
  readonly link: BackendLink;
  readonly turn = new Turn();
  private readonly client: ClientStream;
  private readonly output: ClientOutput;
  private readonly contest: Contest;
  private readonly writer: RowWriter;

  constructor(
    client: ClientStream,
    output: ClientOutput,
    guard: Guard,
    user: string,
    parameters: Readonly<Record<string, string>>,
  ) {
    this.client = client;
    this.output = output;
    this.guard = guard;
    this.link = new BackendLink(client, output, guard, user, parameters);
    this.link.onOpen = (pid) => guard.locks.add(pid, this);
    this.link.onClose = (pid) => guard.locks.remove(pid);
    this.contest = new Contest(this, guard);
    this.writer = new RowWriter(this, guard);
  }

  // What the session asks.

  /** Refuses what no transaction allows, and everything but its end in a failed one. */
  refuseText(statement: Statement): DsqlError | undefined {
    const ends = statement.kind === 'commit' || statement.kind === 'rollback';
    const isFailed = this.transaction?.failed === true;
    return isFailed && !(ends && statement.refusal === undefined) ? errors.abortedTransaction : statement.refusal;
  }

  /** Refuses what the transaction, as it stands now, does not allow. */
  refuse(statement: Statement): DsqlError | undefined {
    const refusal = this.refuseText(statement);
    const transaction = this.transaction;
    if (refusal !== undefined) return refusal;
    if (statement.kind === 'rollback' || statement.kind === 'commit') return undefined;
    if (transaction?.evicted !== undefined) return transaction.evicted;
    if (transaction !== undefined && statement.kind === 'ddl') {
      if (transaction.ddl > 0) return errors.manyDdl;
      if (transaction.wrote) return errors.ddlWithDml;
    }
    if (transaction !== undefined && statement.kind === 'write' && transaction.ddl > 0) return errors.ddlWithDml;
    return this.guard.schema.refuse(this, statement);
  }

  /** Runs a statement and answers the client; false when the answer was an error. */
  async run(work: Work): Promise<boolean> {
    await this.guard.faults.beforeStatement();
    switch (work.statement.kind) {
      case 'begin':
        return await this.runBegin(work);
      case 'commit':
        return await this.runCommit(work);
      case 'rollback':
        return await this.runRollback(work);
      case 'write':
        return await this.runWrite(work);
      case 'ddl':
        return await this.runDdl(work);
      default:
        return await this.runRead(work);
    }
  }

  /** Begins a transaction around statements the client did not put into one. */
  async begin(): Promise<void> {
    await this.command('BEGIN');
    this.transaction = this.newTransaction(false);
  }

  /** The client's BEGIN within the guard's own transaction makes that one the client's. */
  adoptImplicit(): boolean {
    if (this.transaction === undefined || this.transaction.explicit || this.transaction.failed) return false;
    this.transaction.explicit = true;
    this.write(wire.commandComplete('BEGIN'));
    return true;
  }

  /** Commits the transaction begun around the client's statements, now that there are no more of them. */
  async endImplicit(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.explicit) return;
    if (transaction.failed) {
      this.end(false);
      return;
    }
    const refusal = await this.commitNow(transaction, [wire.ownCommand('COMMIT'), wire.sync], new Set());
    if (refusal === undefined) return;
    this.output.rewind(0, preludeAnswers);
    this.write(refusal);
  }

  /** Sends frames that run nothing; false when PostgreSQL refused one. */
  async pass(frames: readonly Buffer[]): Promise<boolean> {
    const failed = await this.exchange([...frames, wire.sync], undefined, {});
    if (failed === undefined) return true;
    await this.abort();
    this.write(failed);
    return false;
  }

  /** Answers an error and leaves the transaction as DSQL leaves it: failed until the client ends it. */
  async raise(error: DsqlError): Promise<void> {
    await this.abort();
    this.write(errorResponse(error));
  }

  /** Sends what was kept back. */
  release(): void {
    this.output.release(this.link.connection);
  }

  /** Ends the answer to a query or to a Sync. */
  finish(): void {
    this.release();
    const status = this.transaction === undefined ? 'I' : this.transaction.failed ? 'E' : 'T';
    this.write(wire.ready(status));
    this.output.flush();
  }

  write(bytes: Buffer): void {
    this.output.write(bytes, this.link.connection);
  }

  close(): void {
    this.end(false);
    this.link.connection?.close();
  }

  // Statements by kind.

  private async runBegin(work: Work): Promise<boolean> {
    const wasOpen = this.transaction !== undefined;
    const ok = await this.relay(work);
    if (ok && !wasOpen) this.transaction = this.newTransaction(true);
    else if (ok && this.transaction !== undefined) this.transaction.explicit = true;
    return ok;
  }

  private async runRollback(work: Work): Promise<boolean> {
    const isGone = this.transaction?.failed === true || this.transaction?.evicted !== undefined;
    this.end(false);
    if (!isGone) return await this.relay(work);
    if (work.prelude.length > 0 && !(await this.pass(work.prelude))) return false;
    this.write(wire.commandComplete('ROLLBACK'));
    return true;
  }

  private async runCommit(work: Work): Promise<boolean> {
    const transaction = this.transaction;
    if (transaction === undefined) return await this.relay(work);
    if (transaction.failed) return await this.runRollback(work);
    this.output.hold();
    const mark = this.output.mark();
    const refusal = await this.commitNow(transaction, work.frames);
    if (refusal !== undefined) {
      this.output.rewind(mark);
      if (work.prelude.length > 0 && !(await this.pass(work.prelude))) return false;
      this.write(refusal);
    }
    this.release();
    return refusal === undefined;
  }

  private async runRead(work: Work): Promise<boolean> {
    if (this.transaction?.shadowed === true || this.transaction?.seized === true) {
      const failed = await this.contest.runShadowed(work, false);
      return failed === undefined ? true : await this.failWith(failed);
    }
    return await this.watched(() => this.relay(work));
  }

  private async runWrite(work: Work): Promise<boolean> {
    if (this.transaction === undefined) await this.begin();
    const transaction = this.transaction;
    if (transaction === undefined) throw new SessionOver();
    transaction.wrote = true;
    this.output.hold();
    const mark = work.statement.node === 'CopyStmt' ? 0 : this.output.mark();
    let failed = await this.attempt(transaction, work, mark);
    if (failed === undefined && transaction.rows > this.guard.limits.transactionRows) {
      failed = errorResponse(errors.rowLimit);
    }
    if (failed !== undefined) {
      this.output.rewind(mark, preludeAnswers);
      return await this.failWith(failed);
    }
    if (transaction.explicit) this.release();
    return true;
  }

  private async attempt(transaction: Transaction, work: Work, mark: number): Promise<Buffer | undefined> {
    for (const target of work.statement.targets) transaction.count(tableKey(target), 0, 0);
    if (transaction.shadowed || transaction.seized) return await this.contest.runShadowed(work, false);
    const failed = await this.writer.write(transaction, work);
    if (failed === undefined || !this.contest.mayResolve(work, failed)) return failed;
    const { complete } = this.output;
    this.output.rewind(mark, work.rerun?.simple === true ? new Set() : preludeAnswers);
    return complete ? await this.contest.resolve(work, failed) : failed;
  }

  private async runDdl(work: Work): Promise<boolean> {
    const transaction = this.transaction;
    if (work.statement.node === 'DropStmt')
      await Promise.race([this.guard.jobs.settled(), this.guard.sleep(jobPatienceMs)]);
    const refusal = await refuseByCatalog(work.statement, this.guard.limits, (query) => this.guard.locks.ask(query));
    if (refusal !== undefined) return await this.failWith(errorResponse(refusal), work);
    if (transaction !== undefined) transaction.ddl += 1;
    const changes = this.guard.schema.begin(this, work.statement);
    const ok = await this.watched(() => this.relay(work), 'schema');
    if (ok && transaction === undefined) {
      changes.committed();
      this.guard.tables.forget();
      this.guard.jobs.wake();
    } else if (ok) changes.later();
    return ok;
  }

  // Ends of transactions.

  /**
   * Commits unless DSQL would not; the refusal's frame, the transaction being over either way.
   *
   * @param frames  what makes PostgreSQL commit
   */
  private async commitNow(
    transaction: Transaction,
    frames: readonly Buffer[],
    only?: ReadonlySet<number>,
  ): Promise<Buffer | undefined> {
    const refusal = (await this.beforeCommit(transaction)) ?? (await this.contest.win(transaction)) ?? transaction.doom;
    if (refusal !== undefined) return await this.refuseCommit(transaction, refusal);
    // Another session's COMMIT may have come first at the last moment; looked at when nothing can come between any more.
    const check = () => transaction.doom ?? transaction.evicted;
    const failed = await this.exchange(frames, undefined, { check, ...(only === undefined ? {} : { only }) });
    const late = check();
    if (late !== undefined) return await this.refuseCommit(transaction, late);
    this.end(failed === undefined);
    if (failed !== undefined) return this.translate(failed);
    if (transaction.wrote) this.guard.commits.note(transaction.written.keys());
    this.guard.schema.committed(this);
    if (transaction.ddl > 0) {
      this.guard.tables.forget();
      this.guard.jobs.wake();
    }
    if ((transaction.wrote || transaction.ddl > 0) && this.guard.faults.dropsAfterCommit()) this.vanish();
    return undefined;
  }

  private async refuseCommit(transaction: Transaction, refusal: DsqlError): Promise<Buffer> {
    if (transaction.evicted === undefined) await this.command('ROLLBACK');
    this.end(false);
    return errorResponse(refusal);
  }

  private async beforeCommit(transaction: Transaction): Promise<DsqlError | undefined> {
    const changes = transaction.wrote || transaction.ddl > 0;
    const fault = await this.guard.faults.beforeCommit(changes);
    if (fault === 'drop') this.vanish();
    if (fault !== undefined) return fault;
    if (transaction.evicted !== undefined) return transaction.evicted;
    const { limits } = this.guard;
    const age = (this.guard.now() - transaction.startedAt) / 1000;
    if (age > limits.transactionSeconds) return errors.transactionTooOld(age, limits.transactionSeconds);
    const bytes = await this.guard.tables.accountedBytes(transaction.written);
    if (bytes > limits.transactionBytes) return errors.transactionTooLarge(bytes, limits.transactionBytes);
    return transaction.doom;
  }

  /** The connection ends without a word, as when the network drops it. */
  private vanish(): never {
    this.client.close();
    throw new SessionOver();
  }

  /** @param unanswered  a statement whose prelude the client has no answer to yet */
  private async failWith(frame: Buffer, unanswered?: Work): Promise<false> {
    if (unanswered !== undefined && unanswered.prelude.length > 0 && !(await this.pass(unanswered.prelude)))
      return false;
    const answer = this.translate(frame);
    await this.abort();
    this.write(answer);
    return false;
  }

  /** The transaction has failed: PostgreSQL lets go of it at once, the client learns of it by 25P02. */
  private async abort(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.failed) return;
    transaction.failed = true;
    transaction.end(false, errors.conflict);
    this.guard.schema.rolledBack(this);
    if (transaction.evicted === undefined) await this.command('ROLLBACK');
  }

  private end(committed: boolean): void {
    this.transaction?.end(committed, errors.conflict);
    if (!committed) this.guard.schema.rolledBack(this);
    this.transaction = undefined;
  }

  // PostgreSQL.

  /** Undoes the statement that ran last, and those run on copies since. */
  async undoLast(transaction: Transaction): Promise<void> {
    await this.command(`ROLLBACK TO SAVEPOINT ${transaction.savepoints === 1 ? 'dsql_first' : 'dsql_last'}`);
  }

  /** Runs what may wait for a lock under the lock watch. */
  async watched<T>(work: () => Promise<T>, kind: 'rows' | 'schema' = 'rows'): Promise<T> {
    const { pid } = await this.link.open();
    this.guard.locks.enter(this, pid, kind);
    try {
      return await work();
    } finally {
      this.guard.locks.leave(this);
    }
  }

  private async relay(work: Work): Promise<boolean> {
    const failed = await this.exchange(work.frames, work.statement, {});
    return failed === undefined ? true : await this.failWith(failed);
  }

  /** A command of the guard's own; PostgreSQL's error frame when it refused. */
  async command(text: string): Promise<Buffer | undefined> {
    return await this.link.command(text);
  }

  /** Sends frames to PostgreSQL and its answer to the client, except an error, which is returned. */
  async exchange(
    frames: readonly Buffer[],
    statement: Statement | undefined,
    options: ExchangeOptions,
  ): Promise<Buffer | undefined> {
    const rowsBefore = this.transaction?.rows ?? 0;
    const failed = await this.link.exchange(frames, {
      onTag: (tag) => this.completed(statement, tag),
      onNotice: (frame) => this.guard.schema.noticed(this, frame),
      ...options,
    });
    if (failed !== undefined && this.transaction !== undefined) this.transaction.rows = rowsBefore;
    return failed;
  }

  /** Notes what a finished statement did; the tag's replacement where DSQL's differs. */
  private completed(statement: Statement | undefined, tag: string): true | Buffer {
    if (statement?.kind === 'write' && this.transaction !== undefined && /^(INSERT|UPDATE|DELETE|COPY) /.test(tag)) {
      this.transaction.rows += rowsOf(tag);
    }
    return statement?.tag === undefined ? true : wire.commandComplete(statement.tag);
  }

  /** Conflicts and lock waits become DSQL's one conflict. */
  private translate(frame: Buffer): Buffer {
    if (this.link.keptFromTable) return errorResponse(errors.schemaChanged);
    if (this.contest.isConflict(frame)) return errorResponse(errors.conflict);
    const { C: code, M: message = '' } = errorFields(frame);
    return code === '54000' && message.startsWith('index row ') ? errorResponse(errors.keyTooLarge) : frame;
  }

  /** Another session's COMMIT came first: what this transaction changed is undone, and its own COMMIT will fail. */
  async unseat(transaction: Transaction): Promise<boolean> {
    if (this.transaction !== transaction || !transaction.explicit || transaction.savepoints === 0) return false;
    transaction.doom ??= errors.conflict;
    transaction.seized = true;
    transaction.savepoints = 1;
    transaction.copies.clear();
    await this.seize('ROLLBACK TO SAVEPOINT dsql_first');
    return true;
  }

  /** Another session's DDL came first: the transaction is rolled back, and the client learns of it by OC001. */
  async evict(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.failed || transaction.evicted !== undefined) return;
    if (this.turn.running) return;
    transaction.evicted = errors.schemaChanged;
    transaction.end(false, errors.conflict);
    await this.seize('ROLLBACK');
  }

  private async seize(command: string): Promise<void> {
    const { connection } = this.link;
    if (connection !== undefined) await this.turn.seize(() => connection.command(command));
  }

  private newTransaction(explicit: boolean): Transaction {
    return new Transaction(explicit, this.guard.now(), this, this.guard.commits.number);
  }
}
