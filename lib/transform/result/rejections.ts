import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Rejection, rejectedRowSchema } from '../../manifest.ts';

/** Entries that the plan carries; a source can give each of its rows a reason of its own. */
export const maxRejections = 50;

/** Counts rejected rows by column and reason as they are met. */
export class Rejections {
  private readonly counts = new Map<string, { rows: number; readonly first: Omit<Rejection, 'rows'> }>();

  add(row: Omit<Rejection, 'rows'>): void {
    const key = `${row.column_name ?? ''}\0${row.reason}`;
    const count = this.counts.get(key);
    if (count !== undefined) count.rows += 1;
    // One row each of a reason that is new each time would only fill the memory.
    else if (this.counts.size < 10_000) this.counts.set(key, { rows: 1, first: row });
  }

  /** In the order in which they were met. */
  entries(): readonly Rejection[] {
    return [...this.counts.values()].map(({ first, rows }) => ({ ...first, rows }));
  }

  /** The most frequent first. */
  list(): Rejection[] {
    return this.entries()
      .toSorted((one, other) => other.rows - one.rows)
      .slice(0, maxRejections);
  }
}

/** Counts the rows of a file of `RejectedRow`, as extract leaves it. */
export async function countRejectedLines(path: string, rejections: Rejections): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { row: _, ...place } = rejectedRowSchema.parse(JSON.parse(line));
    rejections.add(place);
  }
}
