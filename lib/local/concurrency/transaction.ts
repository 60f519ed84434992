import * as errors from '../wire/dsql-errors.ts';
import type { DsqlError } from '../wire/error-response.ts';
import type { LockStrength } from './row-locks.ts';
import type { Turn } from './turn.ts';
import type { Work } from './work.ts';

/** A statement that changed or locked rows, and what the client was told of it where that is compared later. */
export interface JournalEntry {
  readonly work: Work;
  /** Rows and tag, as sent; only of statements run on copies. */
  readonly response: Buffer | undefined;
}

/** The session a transaction belongs to, as another session's COMMIT sees it. */
export interface Owner {
  readonly turn: Pick<Turn, 'running' | 'settled' | 'idleMs'>;
  /** Undoes what the transaction changed, so that it holds no lock any more; false when that cannot be. */
  unseat(transaction: Transaction): Promise<boolean>;
}

/** Bytes of a transaction's statements that are remembered. */
const maxJournalBytes = 16 * 1024 * 1024;

/**
 * How a transaction stands towards the others:
 *
 *     open ──▶ contested ──▶ lost ◀── undone      (undone ──▶ lost when its copies are made)
 *     any of these ──▶ evicted ──▶ failed, or ──▶ failed
 */
export type TransactionState =
  /** Its statements run on the tables. */
  | { readonly name: 'open' }
  /** A statement met another's lock: from journal entry `from` on, statements run on copies, and again on the tables at COMMIT. */
  | { readonly name: 'contested'; readonly from: number }
  /** Its COMMIT will fail with OC000; statements run on copies. */
  | { readonly name: 'lost' }
  /** As lost, and its changes were undone because another's COMMIT came first; the copies are still to be made. */
  | { readonly name: 'undone' }
  /** PostgreSQL has rolled it back for another's DDL; its next statement is told OC001. */
  | { readonly name: 'evicted' }
  /** An error ended it: PostgreSQL has rolled back, and the client must say so too. */
  | { readonly name: 'failed' };

/** What the guard keeps of one transaction of one session. */
export class Transaction {
  /** Begun by the client's BEGIN, not by the guard around one statement. */
  explicit: boolean;
  private state: TransactionState = { name: 'open' };
  rows = 0;
  /** Rows and bytes written to each table, as `schema.table`. */
  readonly written = new Map<string, { rows: number; bytes: number }>();
  /** Rows inserted into each table's TOAST table, as counted last; tables named as its session does. */
  readonly toastChunks = new Map<string, number>();
  /** Tables whose existing rows it changed, named as its session does. */
  readonly changed = new Set<string>();
  /** Tables of which it locked rows by a locking clause, named as its session does, with the strongest lock. */
  readonly rowLocks = new Map<string, LockStrength>();
  ddl = 0;
  wrote = false;
  readonly startedAt: number;
  readonly owner: Owner;
  /** Another session's commits that came before it began have lower numbers. */
  readonly startedAfter: number;

  /** Statements that changed or locked rows, in order, unless they grew too large to keep. */
  journal: JournalEntry[] = [];
  journalBytes = 0;
  journalComplete = true;
  /** Savepoints the guard has set. */
  savepoints = 0;
  /** Open transactions whose locks it met. */
  readonly contestedBy = new Set<Transaction>();
  /** Open transactions that met its locks. */
  readonly contenders = new Set<Transaction>();
  /** Copied tables, as `schema.table`. */
  readonly copies = new Set<string>();

  constructor(explicit: boolean, startedAt: number, owner: Owner, startedAfter: number) {
    this.explicit = explicit;
    this.startedAt = startedAt;
    this.owner = owner;
    this.startedAfter = startedAfter;
  }

  get standing(): TransactionState {
    return this.state;
  }

  get failed(): boolean {
    return this.state.name === 'failed';
  }

  get evicted(): boolean {
    return this.state.name === 'evicted';
  }

  /** Statements run on copies: their effect is in no table. */
  get onCopies(): boolean {
    return this.state.name === 'contested' || this.state.name === 'lost' || this.state.name === 'undone';
  }

  /** What its COMMIT is refused with, as it stands. */
  get refusal(): DsqlError | undefined {
    if (this.state.name === 'evicted') return errors.schemaChanged;
    return this.state.name === 'lost' || this.state.name === 'undone' ? errors.conflict : undefined;
  }

  /** The statement about to be noted met the lock of a transaction that is still open. */
  contestFromHere(): void {
    if (this.state.name === 'open') this.state = { name: 'contested', from: this.journal.length };
  }

  /** Another transaction has committed first. */
  lose(): void {
    if (this.state.name === 'open' || this.state.name === 'contested') this.state = { name: 'lost' };
  }

  /** What it changed is about to be undone for another's COMMIT. */
  undo(): void {
    this.state = { name: 'undone' };
    this.savepoints = 1;
    this.copies.clear();
  }

  /** What was undone stands on copies again. */
  redone(): void {
    if (this.state.name === 'undone') this.state = { name: 'lost' };
  }

  evict(): void {
    this.state = { name: 'evicted' };
  }

  fail(): void {
    this.state = { name: 'failed' };
  }

  /** Counts what a statement wrote. */
  count(table: string, rows: number, bytes: number): void {
    const known = this.written.get(table);
    if (known === undefined) this.written.set(table, { rows, bytes });
    else {
      known.rows += rows;
      known.bytes += bytes;
    }
  }

  /** Notes which rows a statement is about to change or lock. */
  touch(changed: readonly string[], locked: ReadonlyMap<string, LockStrength>): void {
    for (const table of changed) this.changed.add(table);
    for (const [table, strength] of locked) {
      if (strength === 'update' || !this.rowLocks.has(table)) this.rowLocks.set(table, strength);
    }
  }

  /** Remembers a statement. */
  note(work: Work, response?: Buffer): void {
    const bytes = (work.rerun?.size ?? 0) + work.statement.sql.length + (response?.length ?? 0);
    this.journalBytes += bytes;
    if (!this.journalComplete || work.rerun === undefined || this.journalBytes > maxJournalBytes) {
      this.journalComplete = false;
      this.journal = [];
    } else this.journal.push({ work, response });
  }

  /** Met the lock of another. */
  contest(holder: Transaction): void {
    this.contestedBy.add(holder);
    holder.contenders.add(this);
  }

  /** It is over. When it committed, those who met its locks have lost. */
  end(committed: boolean): void {
    for (const contender of this.contenders) {
      contender.contestedBy.delete(this);
      if (committed) contender.lose();
    }
    for (const holder of this.contestedBy) holder.contenders.delete(this);
    this.contenders.clear();
    this.contestedBy.clear();
  }
}
