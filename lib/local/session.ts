import type { ClientStream } from './client-stream.ts';
import * as errors from './dsql-errors.ts';
import type { Guard } from './guard.ts';
import { BackendClosedError, PostgresConnection, rowsOf, tagOf } from './postgres/connection.ts';
import type { Statement } from './sql/statement.ts';
import { Transaction } from './transaction.ts';
import { type DsqlError, errorFields, errorResponse } from './wire/error-response.ts';
import * as wire from './wire/message.ts';

/** Bytes of one statement's answer that are kept back until it is known to stand. */
const heldBytes = 32 * 1024 * 1024;

/** Sessions the client closes, or the guard for a fault, end with this. */
class SessionOver extends Error {
  override readonly name = 'SessionOver';
}

/** A running COPY FROM STDIN. */
interface CopyIn {
  readonly finished: Promise<void>;
  /** PostgreSQL has ended it with an error: nothing more is taken from the client. */
  readonly refused: () => void;
}

/** One client's session: takes its messages in order, judges them, and runs them on a PostgreSQL backend of its own. */
export class Session {
  readonly user: string;
  transaction: Transaction | undefined;
  /** Holders that make its running statement wait, when the lock watch has cancelled it. */
  cancelledBy: readonly number[] | undefined;
  backend: PostgresConnection | undefined;
  private readonly client: ClientStream;
  private readonly guard: Guard;
  private readonly parameters: Readonly<Record<string, string>>;
  private readonly prepared = new Map<string, readonly Statement[]>();
  private readonly portals = new Map<string, Statement | undefined>();
  private pending: Buffer[] = [];
  private pendingBinds = 0;
  private skipping = false;
  private held: Buffer[] | undefined;
  private heldSize = 0;

  constructor(client: ClientStream, guard: Guard, user: string, parameters: Readonly<Record<string, string>>) {
    this.client = client;
    this.guard = guard;
    this.user = user;
    this.parameters = parameters;
  }

  /** Serves the client until either side ends the connection. */
  async run(): Promise<void> {
    try {
      for (let frame = await this.client.next(); frame !== undefined; frame = await this.client.next()) {
        if (frame[0] === wire.frontend.terminate) return;
        await this.take(frame);
      }
    } catch (error) {
      if (error instanceof BackendClosedError)
        this.fatal('57P01', 'terminating connection due to administrator command');
      else if (!(error instanceof SessionOver)) throw error;
    } finally {
      this.transaction = undefined;
      this.backend?.close();
      this.client.close();
    }
  }

  private fatal(sqlstate: string, message: string): void {
    this.client.end(errorResponse({ severity: 'FATAL', sqlstate, message }));
  }

  private async take(frame: Buffer): Promise<void> {
    const type = frame[0];
    if (type === wire.frontend.query) {
      this.skipping = false;
      await this.simpleQuery(wire.cstringAt(frame, 5)[0]);
    } else if (type === wire.frontend.sync) await this.sync();
    else if (this.skipping) return;
    else if (type === wire.frontend.parse) await this.parse(frame);
    else if (type === wire.frontend.bind) this.bind(frame);
    else if (type === wire.frontend.execute) await this.execute(frame);
    else if (type === wire.frontend.flush) await this.flush();
    else if (type === wire.frontend.describe || type === wire.frontend.close) this.pending.push(frame);
    else if (type === wire.frontend.functionCall)
      await this.fail({ sqlstate: '0A000', message: 'unsupported statement: FunctionCall' });
    else if (type !== wire.frontend.copyData && type !== wire.frontend.copyDone && type !== wire.frontend.copyFail) {
      this.fatal('08P01', `invalid frontend message type ${type}`);
      throw new SessionOver();
    }
  }

  // The simple protocol: every statement of the text is run by itself, in one transaction of the guard's when there are several.

  private async simpleQuery(text: string): Promise<void> {
    const statements = this.guard.cache.statements(text);
    if (statements.length === 0) this.out(wire.emptyQuery);
    const implicit = statements.length > 1 && this.transaction === undefined;
    for (const statement of statements) {
      if (implicit && this.transaction === undefined && statement.kind !== 'begin') await this.begin(false);
      if (!(await this.runSimple(statement, implicit))) break;
    }
    await this.endImplicit();
    this.release();
    this.out(wire.ready(this.status()));
  }

  private async runSimple(statement: Statement, implicit: boolean): Promise<boolean> {
    const refusal = this.refuse(statement);
    if (refusal !== undefined) {
      await this.raise(refusal);
      return false;
    }
    if (implicit && statement.kind === 'begin' && this.transaction !== undefined) {
      this.transaction.explicit = true;
      this.out(wire.commandComplete('BEGIN'));
      return true;
    }
    return await this.runStatement(statement, [wire.query(statement.sql)], []);
  }

  // The extended protocol: frames are gathered until one must be answered.

  private async parse(frame: Buffer): Promise<void> {
    const [name, afterName] = wire.cstringAt(frame, 5);
    const [text, afterText] = wire.cstringAt(frame, afterName);
    const statements = this.guard.cache.statements(text);
    const [statement] = statements;
    if (statements.length > 1) return await this.fail(errors.manyCommands);
    if (statement !== undefined) {
      const refusal = this.refuseText(statement);
      if (refusal !== undefined) return await this.fail(refusal);
    }
    this.prepared.set(name, statements);
    const sql = statement?.sql ?? '';
    this.pending.push(
      sql === text ? frame : wire.message('P', Buffer.concat([wire.cstrings(name, sql), frame.subarray(afterText)])),
    );
  }

  private bind(frame: Buffer): void {
    const [portal, afterPortal] = wire.cstringAt(frame, 5);
    const [name] = wire.cstringAt(frame, afterPortal);
    this.portals.set(portal, this.prepared.get(name)?.[0]);
    this.pending.push(frame);
    this.pendingBinds += 1;
  }

  private async execute(frame: Buffer): Promise<void> {
    const [portal, afterPortal] = wire.cstringAt(frame, 5);
    const statement = this.portals.get(portal);
    const frames = this.pending;
    this.pending = [];
    if (statement === undefined) {
      frames.push(frame);
      if (!(await this.pass(frames))) this.skipping = true;
      return;
    }
    const refusal = this.refuse(statement);
    if (refusal !== undefined) {
      this.pending = frames;
      return await this.fail(refusal);
    }
    if (this.transaction === undefined && (this.pendingBinds > 1 || frame.readInt32BE(afterPortal) > 0))
      await this.begin(false);
    this.pendingBinds = 0;
    if (!(await this.runStatement(statement, [...frames, frame, wire.sync], frames))) this.skipping = true;
  }

  private async flush(): Promise<void> {
    if (this.pendingBinds > 0 && this.transaction === undefined) await this.begin(false);
    await this.passPending();
    this.release();
  }

  private async sync(): Promise<void> {
    await this.passPending();
    this.skipping = false;
    await this.endImplicit();
    this.release();
    this.portals.clear();
    this.out(wire.ready(this.status()));
  }

  private async passPending(): Promise<void> {
    const frames = this.pending;
    this.pending = [];
    this.pendingBinds = 0;
    if (frames.length > 0 && !(await this.pass(frames))) this.skipping = true;
  }

  /** Sends frames that run nothing; false when PostgreSQL refused one. */
  private async pass(frames: readonly Buffer[]): Promise<boolean> {
    const backend = await this.open();
    let failed: Buffer | undefined;
    await backend.exchange(
      [...frames, wire.sync],
      (type, chunk, start, end) => {
        if (type === wire.backend.errorResponse) failed = Buffer.from(chunk.subarray(start, end));
        return type !== wire.backend.errorResponse;
      },
      (bytes) => this.out(bytes),
    );
    if (failed === undefined) return true;
    await this.abort();
    this.out(failed);
    return false;
  }

  private async fail(error: DsqlError): Promise<void> {
    await this.passPending();
    if (this.skipping) return;
    this.skipping = true;
    await this.raise(error);
  }

  // Rules that depend on where the transaction stands.

  private refuseText(statement: Statement): DsqlError | undefined {
    const ends = statement.kind === 'commit' || statement.kind === 'rollback';
    if (this.transaction?.failed === true && !(ends && statement.refusal === undefined))
      return errors.abortedTransaction;
    return statement.refusal;
  }

  private refuse(statement: Statement): DsqlError | undefined {
    const refusal = this.refuseText(statement);
    const transaction = this.transaction;
    if (refusal !== undefined || transaction === undefined) return refusal;
    if (statement.kind === 'ddl') {
      if (transaction.ddl > 0) return errors.manyDdl;
      if (transaction.wrote) return errors.ddlWithDml;
    }
    return statement.kind === 'write' && transaction.ddl > 0 ? errors.ddlWithDml : undefined;
  }

  // Running one statement.

  /**
   * @param frames   what makes PostgreSQL run it, ended so that one ReadyForQuery comes
   * @param prelude  the frames before its Execute, for when it must not run but they must be answered
   */
  private async runStatement(
    statement: Statement,
    frames: readonly Buffer[],
    prelude: readonly Buffer[],
  ): Promise<boolean> {
    await this.guard.faults.beforeStatement();
    switch (statement.kind) {
      case 'begin':
        return await this.runBegin(frames);
      case 'commit':
        return await this.runCommit(frames, prelude);
      case 'rollback':
        return await this.runRollback(frames, prelude);
      case 'write':
        return await this.runWrite(statement, frames);
      case 'ddl':
        return await this.runDdl(statement, frames);
      default:
        return await this.relay(statement, frames, []);
    }
  }

  private async runBegin(frames: readonly Buffer[]): Promise<boolean> {
    const wasOpen = this.transaction;
    const ok = await this.relay(undefined, frames, []);
    if (ok && wasOpen === undefined) this.transaction = new Transaction(true, this.guard.now());
    else if (ok && wasOpen !== undefined) wasOpen.explicit = true;
    return ok;
  }

  private async runRollback(frames: readonly Buffer[], prelude: readonly Buffer[]): Promise<boolean> {
    const failed = this.transaction?.failed === true;
    this.transaction = undefined;
    if (!failed) return await this.relay(undefined, frames, []);
    if (prelude.length > 0 && !(await this.pass(prelude))) return false;
    this.out(wire.commandComplete('ROLLBACK'));
    return true;
  }

  private async runCommit(frames: readonly Buffer[], prelude: readonly Buffer[]): Promise<boolean> {
    const transaction = this.transaction;
    if (transaction === undefined) return await this.relay(undefined, frames, []);
    if (transaction.failed) return await this.runRollback(frames, prelude);
    const refusal = await this.beforeCommit(transaction);
    if (refusal !== undefined) {
      if (prelude.length > 0 && !(await this.pass(prelude))) return false;
      await this.rollBack();
      this.out(errorResponse(refusal));
      return false;
    }
    this.transaction = undefined;
    this.hold();
    const ok = await this.relay(undefined, frames, []);
    await this.afterCommit(ok, transaction);
    this.release();
    return ok;
  }

  private async runWrite(statement: Statement, frames: readonly Buffer[]): Promise<boolean> {
    if (this.transaction === undefined) await this.begin(false);
    const transaction = this.transaction;
    if (transaction === undefined) return false;
    transaction.wrote = true;
    this.hold();
    this.guard.locks.enter(this);
    const ok = await this.relay(statement, frames, []).finally(() => this.guard.locks.leave(this));
    if (ok && transaction.rows > this.guard.limits.transactionRows) {
      this.drop();
      await this.raise(errors.rowLimit);
      return false;
    }
    if (transaction.explicit) this.release();
    return ok;
  }

  private async runDdl(statement: Statement, frames: readonly Buffer[]): Promise<boolean> {
    if (this.transaction !== undefined) this.transaction.ddl += 1;
    const ok = await this.relay(statement, frames, []);
    if (ok && this.transaction === undefined) this.guard.jobs.wake();
    return ok;
  }

  /** Sends frames to PostgreSQL and its answer to the client; false when it was an error, after which nothing is open. */
  private async relay(
    statement: Statement | undefined,
    frames: readonly Buffer[],
    before: readonly string[],
  ): Promise<boolean> {
    const backend = await this.open();
    let failed: Buffer | undefined;
    let copy: CopyIn | undefined;
    this.cancelledBy = undefined;
    await backend.exchange(
      frames,
      (type, chunk, start, end) => {
        if (type === wire.backend.commandComplete) return this.completed(statement, tagOf(chunk, start, end));
        if (type === wire.backend.copyIn) copy = this.copyIn(backend, frames.at(-1) === wire.sync);
        if (type !== wire.backend.errorResponse) return true;
        failed ??= Buffer.from(chunk.subarray(start, end));
        copy?.refused();
        return false;
      },
      (bytes) => this.out(bytes),
      before,
    );
    await copy?.finished;
    if (failed === undefined) return true;
    this.drop();
    await this.abort();
    this.out(this.translate(failed));
    return false;
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
    const code = errorFields(frame)['C'];
    const cancelled = code === '57014' && this.cancelledBy !== undefined;
    return cancelled || code === '40001' || code === '40P01' || code === '55P03'
      ? errorResponse(errors.conflict)
      : frame;
  }

  /** Moves the client's rows to PostgreSQL until the client ends the copy, or PostgreSQL does with an error. */
  private copyIn(backend: PostgresConnection, extended: boolean): CopyIn {
    const state = { stopped: false };
    let synced = !extended;
    const resync = () => {
      if (!synced) backend.send([wire.sync]);
      synced = true;
    };
    const move = async () => {
      await Promise.resolve();
      this.release();
      for (;;) {
        const frame = await this.client.next(state);
        if (state.stopped) return;
        if (frame === undefined) return backend.close();
        const type = frame[0];
        if (type === wire.frontend.sync || type === wire.frontend.flush) continue;
        if (type !== wire.frontend.copyData) this.hold();
        if (!backend.send([frame])) await backend.drained();
        if (type !== wire.frontend.copyData) return resync();
      }
    };
    const refused = () => {
      state.stopped = true;
      resync();
      this.client.wakeUp();
    };
    return { finished: move(), refused };
  }

  // Ends of transactions.

  private async begin(explicit: boolean): Promise<void> {
    const backend = await this.open();
    await backend.command('BEGIN');
    this.transaction = new Transaction(explicit, this.guard.now());
  }

  /** Commits the transaction the guard began around the client's statements, now that the client has none left. */
  private async endImplicit(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.explicit) return;
    if (transaction.failed) {
      this.transaction = undefined;
      return;
    }
    const refusal = await this.beforeCommit(transaction);
    if (refusal !== undefined) {
      this.drop();
      await this.rollBack();
      this.out(errorResponse(refusal));
      return;
    }
    this.transaction = undefined;
    const backend = await this.open();
    const failed = await backend.command('COMMIT');
    if (failed !== undefined) {
      this.drop();
      this.out(this.translate(failed));
    }
    await this.afterCommit(failed === undefined, transaction);
  }

  private async beforeCommit(transaction: Transaction): Promise<DsqlError | undefined> {
    const fault = await this.guard.faults.beforeCommit();
    if (fault === 'drop') {
      await this.rollBack();
      this.client.close();
      throw new SessionOver();
    }
    if (fault !== undefined) return fault;
    const age = (this.guard.now() - transaction.startedAt) / 1000;
    if (age > this.guard.limits.transactionSeconds)
      return errors.transactionTooOld(age, this.guard.limits.transactionSeconds);
    if (transaction.bytes > this.guard.limits.transactionBytes) {
      return errors.transactionTooLarge(transaction.bytes, this.guard.limits.transactionBytes);
    }
    return transaction.doom;
  }

  private async afterCommit(ok: boolean, transaction: Transaction): Promise<void> {
    if (!ok) return;
    if (transaction.ddl > 0) this.guard.jobs.wake();
    if (await this.guard.faults.dropsAfterCommit()) {
      this.client.close();
      throw new SessionOver();
    }
  }

  /** Answers an error and leaves the transaction as DSQL leaves it: failed until the client ends it. */
  private async raise(error: DsqlError): Promise<void> {
    await this.abort();
    this.out(errorResponse(error));
  }

  /** The transaction has failed: PostgreSQL lets go of it at once, the client learns of it by 25P02. */
  private async abort(): Promise<void> {
    const transaction = this.transaction;
    if (transaction === undefined || transaction.failed) return;
    transaction.failed = true;
    await this.backend?.command('ROLLBACK');
  }

  private async rollBack(): Promise<void> {
    await this.backend?.command('ROLLBACK');
    this.transaction = undefined;
  }

  private status(): 'I' | 'T' | 'E' {
    if (this.transaction === undefined) return 'I';
    return this.transaction.failed ? 'E' : 'T';
  }

  // Output.

  private hold(): void {
    this.held ??= [];
  }

  private drop(): void {
    this.held = undefined;
    this.heldSize = 0;
  }

  private release(): void {
    const held = this.held;
    this.drop();
    if (held !== undefined && held.length > 0)
      this.out(held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held));
  }

  private out(bytes: Buffer): void {
    if (this.held !== undefined) {
      this.held.push(bytes);
      this.heldSize += bytes.length;
      if (this.heldSize > heldBytes) this.release();
      return;
    }
    if (this.client.write(bytes)) return;
    const backend = this.backend;
    if (backend === undefined) return;
    backend.pause();
    this.client.socket.once('drain', () => backend.resume());
  }

  private async open(): Promise<PostgresConnection> {
    if (this.backend !== undefined) return this.backend;
    const backend = await PostgresConnection.open(this.guard.socketPath, this.user, this.parameters);
    this.backend = backend;
    backend.onParameter = (frame) => this.client.write(this.guard.parameter(frame));
    this.guard.locks.add(backend.pid, this);
    backend.onClose = () => {
      this.guard.locks.remove(backend.pid);
      if (!this.client.closed && this.backend === backend)
        this.fatal('57P01', 'terminating connection due to administrator command');
    };
    return backend;
  }
}
