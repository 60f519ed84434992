/** Numbers the commits that changed rows, and remembers the last one of each table. */
export class CommitLog {
  private readonly lastOf = new Map<string, number>();
  private last = 0;

  /** The number of the newest commit. */
  get number(): number {
    return this.last;
  }

  /** A transaction that changed these tables, each as `schema.table`, has committed. */
  note(tables: Iterable<string>): void {
    this.last += 1;
    for (const table of tables) this.lastOf.set(table, this.last);
  }

  /** Whether a table was changed by a commit after this number. */
  changedSince(table: string, number: number): boolean {
    return (this.lastOf.get(table) ?? 0) > number;
  }
}
