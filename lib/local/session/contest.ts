import { tableKey } from '../catalog/table-facts.ts';
import type { JournalEntry, Transaction } from '../concurrency/transaction.ts';
import { rerunFrames, type Work } from '../concurrency/work.ts';
import { literal } from '../sql/quote.ts';
import { redirect } from '../sql/redirect.ts';
import type { TableName } from '../sql/statement.ts';
import * as errors from '../wire/dsql-errors.ts';
import { type DsqlError, errorFields, errorResponse } from '../wire/error-response.ts';
import * as wire from '../wire/message.ts';
import { messagesOf } from '../wire/message.ts';
import type { SessionBackend } from './session-backend.ts';
import { isConflict } from './translate-error.ts';

/** How long a COMMIT waits for a statement of the transaction it competes with. */
const patienceMs = 150;
/**
 * How long a transaction must have been idle for a COPY to take its place. Between the statements of a client that works
 * pass some milliseconds; one that has fallen silent would hold its keys until its five minutes are over.
 */
const idlePatienceMs = 1_000;
/** How often a contested COMMIT starts over because it met yet another transaction. */
const maxRounds = 6;

const responseTypes: ReadonlySet<number> = new Set([
  wire.backend.dataRow,
  wire.backend.commandComplete,
  wire.backend.emptyQuery,
  wire.backend.noticeResponse,
  wire.backend.copyOut,
]);
const simpleResponseTypes: ReadonlySet<number> = new Set([...responseTypes, wire.backend.rowDescription]);

/**
 * Optimistic concurrency on top of PostgreSQL's locks.
 *
 * On DSQL nobody waits: a transaction that writes what another has written goes on, and whoever commits first wins. Here
 * the lock watch cancels a statement that would wait. The statement is undone to the guard's savepoint, its tables are
 * copied, as the transaction sees them, into temporary tables of the same names, and it and all that follow run on the
 * copies, so that tags, rows and later reads are what they would be on DSQL. At COMMIT, if none of those it met has
 * committed, they are undone (their own COMMIT will fail), the copies are dropped, and the statements are run again on
 * the tables; only when every response is what the client was told does it commit, else it fails with OC000.
 *
 * The rows of a COPY are not kept, so a COPY that would wait fails with OC000 at once. That the next one passes when the
 * other's client has fallen silent, as on DSQL, an idle transaction is undone for it.
 */
export class Contest {
  private readonly backend: SessionBackend;

  constructor(backend: SessionBackend) {
    this.backend = backend;
  }

  /** Whether a failed statement can go on as DSQL lets it. */
  mayResolve(work: Work, frame: Buffer): boolean {
    if (this.backend.link.keptFromTable) return false;
    return isConflict(frame, this.backend.link) || this.isHiddenViolation(work, frame);
  }

  /** Goes on after a conflict; PostgreSQL's or DSQL's error frame when the statement fails all the same. */
  async resolve(work: Work, failed: Buffer): Promise<Buffer | undefined> {
    const transaction = this.backend.transaction;
    if (transaction === undefined) return failed;
    if (work.rerun === undefined) {
      await this.unseatIdle();
      return failed;
    }
    const violation = !isConflict(failed, this.backend.link);
    const cancelled = this.wasCancelled;
    this.noteHolders(transaction);
    if (!transaction.explicit) return cancelled ? await this.retry(transaction, work) : failed;
    await this.backend.undoLast(transaction);
    if (cancelled) transaction.contestFromHere();
    else transaction.lose();
    const shadowFailed = await this.runShadowed(work, true);
    return shadowFailed !== undefined && violation ? failed : shadowFailed;
  }

  /**
   * Runs a statement on copies of the tables it changes.
   *
   * @param answered  the client has been sent the answers to the frames before its Execute
   */
  async runShadowed(work: Work, answered: boolean): Promise<Buffer | undefined> {
    const { backend } = this;
    const transaction = backend.transaction;
    if (transaction === undefined || work.rerun === undefined) return errorResponse(errors.conflict);
    if (transaction.standing.name === 'undone' && !(await this.rebuild(transaction)))
      return errorResponse(errors.conflict);
    if (!answered && work.prelude.length > 0 && !(await backend.pass(work.prelude)))
      return errorResponse(errors.conflict);
    if (!(await this.copy(transaction, work.statement.targets))) return errorResponse(errors.conflict);
    const response: Buffer[] = [];
    const failed = await backend.exchange(
      rerunFrames(work.rerun, redirect(work.statement.sql, transaction.copies)),
      work.statement,
      {
        only: work.rerun.simple ? simpleResponseTypes : responseTypes,
        sink: (bytes) => {
          response.push(bytes);
          backend.link.write(bytes);
        },
      },
    );
    const [target] = work.statement.kind === 'write' ? work.statement.targets : [];
    if (target !== undefined) transaction.count(tableKey(target), 0, work.rerun.size + work.statement.sql.length);
    if (failed === undefined) transaction.note(work, rowsAndTag(response));
    return failed;
  }

  /** Settles a contested COMMIT: undefined when it may go ahead, its statements now standing in the tables. */
  async win(transaction: Transaction): Promise<DsqlError | undefined> {
    if (transaction.standing.name !== 'contested') return transaction.refusal;
    if (!transaction.journalComplete) return errors.conflict;
    const { from } = transaction.standing;
    return await this.backend.turn.arbitrate(this.backend.cluster.arbiter, async () => {
      for (let round = 0; round < maxRounds; round += 1) {
        if (!(await this.unseatHolders(transaction))) return errors.conflict;
        await this.backend.undoLast(transaction);
        transaction.copies.clear();
        const replayed = await this.replay(transaction, transaction.journal.slice(from));
        if (replayed === 'differs' || transaction.refusal !== undefined) return errors.conflict;
        if (replayed === 'same') return undefined;
      }
      return errors.conflict;
    });
  }

  private get wasCancelled(): boolean {
    return this.backend.link.cancelledBy !== undefined;
  }

  /**
   * A key, a reference or the end of one that another transaction committed after this one's snapshot: PostgreSQL looks at
   * it at once, DSQL at COMMIT.
   */
  private isHiddenViolation(work: Work, frame: Buffer): boolean {
    const { transaction, cluster } = this.backend;
    if (transaction?.explicit !== true) return false;
    return violatedTables(work, frame).some((table) => cluster.commits.changedSince(table, transaction.startedAfter));
  }

  private noteHolders(transaction: Transaction): void {
    for (const holder of this.holders()) {
      if (holder !== transaction) transaction.contest(holder);
    }
  }

  /** Open transactions that the statement waited for when it was cancelled. */
  private holders(): readonly Transaction[] {
    return (this.backend.link.cancelledBy ?? []).flatMap((pid) => {
      const holder = this.backend.cluster.locks.session(pid)?.transaction;
      return holder === undefined || holder.failed ? [] : [holder];
    });
  }

  /** Undoes those whose clients have sent nothing for a while; their own COMMIT will fail. */
  private async unseatIdle(): Promise<void> {
    const idle = (): readonly Transaction[] => this.holders().filter(({ owner }) => owner.turn.idleMs > idlePatienceMs);
    if (idle().length === 0) return;
    await this.backend.turn.arbitrate(this.backend.cluster.arbiter, async () => {
      for (const holder of idle()) await holder.owner.unseat(holder);
    });
  }

  /** A statement outside the client's transactions commits by itself, so it wins or loses at once. */
  private async retry(transaction: Transaction, work: Work): Promise<Buffer | undefined> {
    const { rerun } = work;
    if (transaction.journal.length > 0 || rerun === undefined) return errorResponse(errors.conflict);
    return await this.backend.turn.arbitrate(this.backend.cluster.arbiter, async () => {
      for (let round = 0; round < maxRounds; round += 1) {
        if (!(await this.unseatHolders(transaction))) break;
        await this.backend.command('ROLLBACK');
        await this.backend.command('BEGIN');
        const failed = await this.backend.watched(() =>
          this.backend.exchange(rerunFrames(rerun, work.statement.sql), work.statement, {
            only: rerun.simple ? simpleResponseTypes : responseTypes,
          }),
        );
        if (failed === undefined || !this.wasCancelled) return failed;
        this.noteHolders(transaction);
      }
      return errorResponse(errors.conflict);
    });
  }

  /** Undoes those whose locks it met; false when one of them has committed or cannot be undone now. */
  private async unseatHolders(transaction: Transaction): Promise<boolean> {
    for (const holder of [...transaction.contestedBy]) {
      const deadline = this.backend.cluster.now() + patienceMs;
      while (holder.owner.turn.running && transaction.contestedBy.has(holder)) {
        const left = deadline - this.backend.cluster.now();
        if (left <= 0) return false;
        await Promise.race([holder.owner.turn.settled(), this.backend.cluster.sleep(left)]);
      }
      if (transaction.refusal !== undefined) return false;
      if (!transaction.contestedBy.delete(holder)) continue;
      holder.contenders.delete(transaction);
      if (!(await holder.owner.unseat(holder))) return false;
    }
    return transaction.refusal === undefined;
  }

  private async replay(
    transaction: Transaction,
    entries: readonly JournalEntry[],
  ): Promise<'same' | 'differs' | 'contested'> {
    for (const { work, response } of entries) {
      const { rerun, statement } = work;
      if (rerun === undefined || response === undefined) return 'differs';
      const again: Buffer[] = [];
      const failed = await this.backend.watched(() =>
        this.backend.exchange(rerunFrames(rerun, statement.sql), undefined, {
          only: rerun.simple ? simpleResponseTypes : responseTypes,
          sink: (bytes) => again.push(bytes),
        }),
      );
      if (failed !== undefined) {
        if (!this.wasCancelled) return 'differs';
        this.noteHolders(transaction);
        return 'contested';
      }
      if (!rowsAndTag(again).equals(response)) return 'differs';
    }
    return 'same';
  }

  /** After it was undone for another's COMMIT: its statements run once more on copies, so that it reads what it wrote. */
  private async rebuild(transaction: Transaction): Promise<boolean> {
    transaction.redone();
    if (!transaction.journalComplete) return false;
    for (const { work } of transaction.journal) {
      if (work.rerun === undefined || !(await this.copy(transaction, work.statement.targets))) return false;
      const sql = redirect(work.statement.sql, transaction.copies);
      const failed = await this.backend.exchange(rerunFrames(work.rerun, sql), undefined, { only: new Set() });
      if (failed !== undefined) return false;
    }
    return true;
  }

  private async copy(transaction: Transaction, tables: readonly TableName[]): Promise<boolean> {
    for (const target of tables) {
      const { schema, table } = target;
      const key = tableKey(target);
      if (transaction.copies.has(key)) continue;
      const failed = await this.backend.command(
        `SELECT pg_catalog.dsql_copy_table(${literal(schema)}, ${literal(table)})`,
      );
      if (failed !== undefined) return false;
      transaction.copies.add(key);
    }
    return true;
  }
}

/** Tables whose rows decide whether a unique key or a foreign key is violated, as `schema.table`; none for other errors. */
function violatedTables(work: Work, frame: Buffer): readonly string[] {
  const { C: code, M: message = '', D: detail = '', s: schema = '', t: table = '' } = errorFields(frame);
  if (code === '23505') return work.statement.targets.map(tableKey);
  if (code !== '23503') return [];
  // The message of a reference names both tables, without their schemas.
  const named = [...`${message} ${detail}`.matchAll(/table "([^"]+)"/g)].map(([, name]) => ({
    schema,
    table: name ?? '',
  }));
  return [...work.statement.targets, { schema, table }, ...named].map(tableKey);
}

/** What of a response must be the same again; descriptions name the copy's object id, notices come as they like. */
function rowsAndTag(response: readonly Buffer[]): Buffer {
  const messages = response.flatMap((bytes) => messagesOf(bytes));
  return Buffer.concat(
    messages.filter(([type]) => type === wire.backend.dataRow || type === wire.backend.commandComplete),
  );
}
