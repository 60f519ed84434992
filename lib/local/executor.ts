import { refuseByCatalog } from './catalog-rules.ts';
import type { ClientOutput } from './client-output.ts';
import type { ClientStream } from './client-stream.ts';
import { Contest } from './contest.ts';
import { CopyIn } from './copy-in.ts';
import * as errors from './dsql-errors.ts';
import type { Guard } from './guard.ts';
import { PostgresConnection, rowsOf, tagOf } from './postgres/connection.ts';
import type { Statement } from './sql/statement.ts';
import { RowSizes, tableKey, textCell } from './table-facts.ts';
import { type Owner, Transaction } from './transaction.ts';
import { type DsqlError, errorFields, errorResponse } from './wire/error-response.ts';
import * as wire from './wire/message.ts';
import { rerunFrames, type Work } from './work.ts';

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

/** What PostgreSQL's answer keeps of a statement that was made to return its rows' sizes. */
const measuredAnswers: ReadonlySet<number> = new Set([wire.backend.commandComplete, wire.backend.noticeResponse]);

const changedRowsQuery =
  'SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_catalog.pg_stat_xact_user_tables';

interface Written {
  readonly failed: Buffer | undefined;
  readonly bytes: number;
}

/** How an exchange with PostgreSQL goes. */
interface ExchangeOptions {
  /** Commands of the guard's own to send first; asked for just before sending. */
  readonly before?: () => readonly string[];
  /** Types of messages the client is to see; all when absent. */
  readonly only?: ReadonlySet<number>;
  /** Sees every row before it is let through or not. */
  readonly onRow?: (chunk: Buffer, start: number) => void;
  /** Takes what the client would see, in its place. */
  readonly sink?: (bytes: Buffer) => void;
  /** Asked just before sending; an error keeps the frames from being sent. */
  readonly check?: () => DsqlError | undefined;
}

/** How long a DROP waits for an index that is being built. */
const jobPatienceMs = 1_000;

/** Savepoints kept open at once in a transaction; PostgreSQL's snapshots grow slow above 64. */
const maxSavepoints = 48;

/** Runs one session's statements on a PostgreSQL backend of its own, and holds its transaction to DSQL's rules. */
export class Executor implements Owner {
  transaction: Transaction | undefined;
  /** Backends its running statement was made to wait for, when the lock watch has cancelled it. */
  cancelledBy: readonly number[] | undefined;
  keptFromTable = false;
  cancelling: Promise<void> | undefined;
  readonly guard: Guard;
  private readonly client: ClientStream;
  private readonly output: ClientOutput;
  private readonly user: string;
  private readonly parameters: Readonly<Record<string, string>>;
  private readonly contest: Contest;
  private readonly settling: (() => void)[] = [];
  private seizure: Promise<void> | undefined;
  private copiedBytes = 0;
  private working = false;
  private queued = false;
  private connection: PostgresConnection | undefined;

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
    this.user = user;
    this.parameters = parameters;
    this.contest = new Contest(this, guard);
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
    this.output.release(this.connection);
  }

  /** Ends the answer to a query or to a Sync. */
  finish(): void {
    this.release();
    const status = this.transaction === undefined ? 'I' : this.transaction.failed ? 'E' : 'T';
    this.write(wire.ready(status));
  }

  write(bytes: Buffer): void {
    this.output.write(bytes, this.connection);
  }

  close(): void {
    this.end(false);
    this.connection?.close();
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
    const hidden = await this.hidesRows(work.statement);
    const rowsBefore = transaction.rows;
    const changedBefore = hidden ? await this.changedRows() : 0;
    const written = await this.writeRows(transaction, work);
    if (written.failed === undefined) {
      if (hidden)
        transaction.rows = Math.max(transaction.rows, rowsBefore + (await this.changedRows()) - changedBefore);
      const [target] = work.statement.targets;
      if (target !== undefined) transaction.count(tableKey(target), transaction.rows - rowsBefore, written.bytes);
      transaction.note(work);
      return undefined;
    }
    if (!this.contest.mayResolve(work, written.failed)) return written.failed;
    const { complete } = this.output;
    this.output.rewind(mark, work.rerun?.simple === true ? new Set() : preludeAnswers);
    return complete ? await this.contest.resolve(work, written.failed) : written.failed;
  }

  /** Runs a statement that writes; the bytes it wrote come from the client's message, or from PostgreSQL where that tells less. */
  private async writeRows(transaction: Transaction, work: Work): Promise<Written> {
    const { statement, rerun } = work;
    const before = () => this.savepoint(transaction);
    const sent = (rerun?.values.length ?? 0) + Buffer.byteLength(statement.sql);
    const { measure } = statement;
    if (measure === undefined || rerun === undefined || (!measure.needed && sent <= this.guard.limits.columnBytes)) {
      this.copiedBytes = 0;
      const failed = await this.watched(() => this.exchange(work.frames, statement, { before }));
      return { failed, bytes: (statement.node === 'DeleteStmt' ? 0 : sent) + this.copiedBytes };
    }
    const refused =
      work.prelude.length === 0 ? undefined : await this.exchange([...work.prelude, wire.sync], undefined, {});
    if (refused !== undefined) return { failed: refused, bytes: 0 };
    const sizes = new RowSizes();
    const failed = await this.watched(() =>
      this.exchange(rerunFrames(rerun, measure.sql), statement, {
        before,
        only: measuredAnswers,
        onRow: (chunk, start) => sizes.add(chunk, start),
      }),
    );
    return { failed, bytes: sizes.total };
  }

  /** Whether a statement may change more rows than its tag says: by cascades, or in data-modifying CTEs. */
  private async hidesRows(statement: Statement): Promise<boolean> {
    if (statement.hiddenRows) return true;
    if (statement.node !== 'DeleteStmt' && statement.node !== 'UpdateStmt') return false;
    for (const target of statement.targets) {
      if ((await this.guard.tables.facts(target)).cascades) return true;
    }
    return false;
  }

  /** Rows PostgreSQL has counted for this session; only differences mean anything. */
  private async changedRows(): Promise<number> {
    let answer = 0;
    await this.exchange([wire.ownCommand(changedRowsQuery), wire.sync], undefined, {
      only: new Set(),
      onRow: (chunk, start) => {
        answer = Number(textCell(chunk, start));
      },
    });
    return answer;
  }

  private async runDdl(work: Work): Promise<boolean> {
    const transaction = this.transaction;
    if (work.statement.node === 'DropStmt') await Promise.race([this.guard.jobs.settled(), this.guard.sleep(jobPatienceMs)]);
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

  /** The savepoint a statement is undone to when it meets another transaction's lock. */
  private savepoint(transaction: Transaction): readonly string[] {
    if (!transaction.explicit) return [];
    transaction.savepoints += 1;
    if (transaction.savepoints === 1) return ['SAVEPOINT dsql_first'];
    if (transaction.savepoints <= maxSavepoints) return ['SAVEPOINT dsql_last'];
    return ['RELEASE SAVEPOINT dsql_last', 'SAVEPOINT dsql_last'];
  }

  /** Runs what may wait for a lock under the lock watch. */
  async watched<T>(work: () => Promise<T>, kind: 'rows' | 'schema' = 'rows'): Promise<T> {
    const { pid } = await this.open();
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
    return await this.exchange([wire.ownCommand(text), wire.sync], undefined, { only: new Set() });
  }

  /** Sends frames to PostgreSQL and its answer to the client, except an error, which is returned. */
  async exchange(
    frames: readonly Buffer[],
    statement: Statement | undefined,
    options: ExchangeOptions,
  ): Promise<Buffer | undefined> {
    const connection = await this.open();
    while (this.cancelling !== undefined) await this.cancelling;
    const refusal = options.check?.();
    if (refusal !== undefined) return errorResponse(refusal);
    let failed: Buffer | undefined;
    let copy: CopyIn | undefined;
    this.cancelledBy = undefined;
    this.keptFromTable = false;
    const { only } = options;
    const rowsBefore = this.transaction?.rows ?? 0;
    await connection.exchange(
      frames,
      (type, chunk, start, end) => {
        if (type === wire.backend.errorResponse) {
          failed ??= Buffer.from(chunk.subarray(start, end));
          copy?.refused();
          return false;
        }
        if (type === wire.backend.dataRow) options.onRow?.(chunk, start);
        if (only !== undefined && !only.has(type)) return false;
        if (type === wire.backend.commandComplete) return this.completed(statement, tagOf(chunk, start, end));
        if (type === wire.backend.copyIn) copy = this.copyIn(connection, frames);
        if (type === wire.backend.noticeResponse) this.guard.schema.noticed(this, chunk.subarray(start, end));
        return true;
      },
      options.sink ?? ((bytes) => this.write(bytes)),
      options.before?.() ?? [],
    );
    await copy?.finished;
    this.copiedBytes = copy?.bytes ?? 0;
    if (failed !== undefined && this.transaction !== undefined) this.transaction.rows = rowsBefore;
    return failed;
  }

  private copyIn(connection: PostgresConnection, frames: readonly Buffer[]): CopyIn {
    return new CopyIn(this.client, connection, this.output, frames.at(-1) === wire.sync);
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
    if (this.keptFromTable) return errorResponse(errors.schemaChanged);
    if (this.contest.isConflict(frame)) return errorResponse(errors.conflict);
    const { C: code, M: message = '' } = errorFields(frame);
    return code === '54000' && message.startsWith('index row ') ? errorResponse(errors.keyTooLarge) : frame;
  }

  /** In the middle of a message of the client's. Nobody else may touch the backend meanwhile. */
  get running(): boolean {
    return this.working && !this.queued;
  }

  /** A message of the client's begins; waits until another session is done with the backend. */
  async enter(): Promise<void> {
    while (this.seizure !== undefined) await this.seizure;
    this.working = true;
  }

  /** The message is done with. */
  leave(): void {
    this.working = false;
    this.settle();
  }

  /** Settles something with other sessions, one at a time; may be undone by them while it waits for its turn. */
  async arbitrate<T>(work: () => Promise<T>): Promise<T> {
    this.queued = true;
    this.settle();
    return await this.guard.arbiter.run(() => {
      this.queued = false;
      return work();
    });
  }

  /** Resolves when it is not running, at once if it is not now. */
  settled(): Promise<void> {
    if (!this.running) return Promise.resolve();
    return new Promise((resolve) => this.settling.push(resolve));
  }

  private settle(): void {
    for (const settled of this.settling.splice(0)) settled();
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
    if (transaction === undefined || transaction.failed || transaction.evicted !== undefined || this.running) return;
    transaction.evicted = errors.schemaChanged;
    transaction.end(false, errors.conflict);
    await this.seize('ROLLBACK');
  }

  /** Uses the backend for another session; the client's next statement waits until that is done. */
  private async seize(command: string): Promise<void> {
    const connection = this.connection;
    if (connection === undefined || this.seizure !== undefined) return;
    this.seizure = connection.command(command).then(
      () => undefined,
      () => undefined,
    );
    await this.seizure;
    this.seizure = undefined;
  }

  private newTransaction(explicit: boolean): Transaction {
    return new Transaction(explicit, this.guard.now(), this, this.guard.commits.number);
  }

  private async open(): Promise<PostgresConnection> {
    if (this.connection !== undefined) return this.connection;
    const connection = await PostgresConnection.open(this.guard.socketPath, this.user, this.parameters);
    this.connection = connection;
    connection.onParameter = (frame) => this.client.write(this.guard.parameter(frame));
    this.guard.locks.add(connection.pid, this);
    connection.onClose = () => {
      this.guard.locks.remove(connection.pid);
      if (!this.client.closed && !this.running) this.client.end(errorResponse(errors.terminated));
    };
    return connection;
  }
}
