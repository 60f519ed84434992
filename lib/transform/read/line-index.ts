/**
 * Which line a record stands in, kept only where records and lines stop running side by side: behind a quoted line
 * end, a blank line, a rejected row.
 */
export class LineIndex {
  private readonly records: number[] = [];
  private readonly shifts: number[] = [];
  private shift = Number.NaN;

  /** Records are added in order; both are 1-based. */
  add(record: number, line: number): void {
    if (line - record !== this.shift) {
      this.shift = line - record;
      this.records.push(record);
      this.shifts.push(this.shift);
    }
  }

  /** The line of a record; the record itself when none was ever added before it. */
  lineOf(record: number): number {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.records[middle] as number) <= record) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return record + (this.shifts[low - 1] ?? 0);
  }

  /** From which records on lines are how many ahead of them, in their order. */
  entries(): readonly { readonly record: number; readonly shift: number }[] {
    return this.records.map((record, at) => ({ record, shift: this.shifts[at] ?? 0 }));
  }

  /** The index of the records that are left when these are taken out and the others are numbered anew. */
  without(records: readonly number[]): LineIndex {
    const left = new LineIndex();
    const taken = records.toSorted((one, other) => one - other);
    const begins = [1, ...this.records, ...taken.map((record) => record + 1)].toSorted((one, other) => one - other);
    let before = 0;
    for (const record of new Set(begins)) {
      while ((taken[before] ?? Number.POSITIVE_INFINITY) < record) before += 1;
      if (taken[before] !== record) left.add(record - before, this.lineOf(record));
    }
    return left;
  }
}
