/** How strongly a locking read depends on its rows: FOR UPDATE as if it wrote them, FOR KEY SHARE on their key columns. */
export type LockStrength = 'update' | 'key share';

/** Rows of one table that a transaction locked and did not change. */
export interface LockedRows {
  /** Object id of the table. */
  readonly table: string;
  readonly strength: LockStrength;
  /** Values of the key columns, as PostgreSQL prints them in a JSON array; undefined is every row of the table. */
  readonly keys: readonly string[] | undefined;
}

interface Entry {
  readonly rows: readonly LockedRows[];
  /** Number of the commit; infinite while it is under way. */
  number: number;
}

/** A transaction as far as row locks are concerned. */
export interface LockHolder {
  readonly startedAfter: number;
}

function isUnderWay(entry: Entry): boolean {
  return entry.number === Number.POSITIVE_INFINITY;
}

/**
 * Row locks of committed transactions. PostgreSQL forgets a row lock at COMMIT; on DSQL a transaction with an older
 * snapshot that changes or locks the row afterwards still conflicts with it. Entries are kept while such a transaction
 * is open.
 */
export class RowLocks {
  private entries: Entry[] = [];
  private readonly open = new Set<LockHolder>();

  began(transaction: LockHolder): void {
    this.open.add(transaction);
  }

  ended(transaction: LockHolder): void {
    this.open.delete(transaction);
    if (this.entries.length === 0) return;
    const oldest = Math.min(...[...this.open].map((holder) => holder.startedAfter));
    this.entries = this.entries.filter((entry) => isUnderWay(entry) || entry.number > oldest);
  }

  /** Enters what a transaction locked, before its COMMIT; `settle` must follow. */
  enter(rows: readonly LockedRows[]): Entry {
    const entry: Entry = { rows, number: Number.POSITIVE_INFINITY };
    this.entries.push(entry);
    return entry;
  }

  /** The COMMIT has got this number; undefined: it failed. */
  settle(entry: Entry, number: number | undefined): void {
    if (number === undefined) this.entries = this.entries.filter((other) => other !== entry);
    else entry.number = number;
  }

  /** What others locked, whose COMMIT came after a transaction's snapshot or is under way. */
  since(transaction: LockHolder, own: Entry | undefined): readonly LockedRows[] {
    return this.entries
      .filter((entry) => entry !== own && entry.number > transaction.startedAfter)
      .flatMap((entry) => entry.rows);
  }
}
