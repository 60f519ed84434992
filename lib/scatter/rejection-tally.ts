import { z } from 'zod';
import { type Rejection, rejectionSchema } from '../manifest.ts';
import { maxRejections } from '../transform/result/rejections.ts';

/** How often rows were rejected for one thing, and where the first one stands among all that are told of. */
export const tallySchema = z.array(
  z.strictObject({ ...rejectionSchema.shape, order: z.tuple([z.int(), z.int(), z.int()]) }),
);

type TalliedRejection = z.infer<typeof tallySchema>[number];

/** Counts rejected rows by column and reason, with the place of the first. */
export class RejectionTally {
  readonly #counts = new Map<string, TalliedRejection>();

  /** The rows of an order come before those of a greater one. */
  add(row: TalliedRejection): void {
    const key = `${row.column_name ?? ''}\0${row.reason}`;
    const present = this.#counts.get(key);
    if (present === undefined) {
      this.#counts.set(key, row);
      return;
    }
    const first = isBefore(row, present) ? row : present;
    this.#counts.set(key, { ...first, rows: present.rows + row.rows });
  }

  entries(): TalliedRejection[] {
    return [...this.#counts.values()].toSorted((one, other) => (isBefore(one, other) ? -1 : 1));
  }

  /** The most frequent first. */
  list(): Rejection[] {
    return this.entries()
      .toSorted((one, other) => other.rows - one.rows)
      .slice(0, maxRejections)
      .map(({ order: _, ...rejection }) => rejection);
  }
}

function isBefore({ order: one }: TalliedRejection, { order: other }: TalliedRejection): boolean {
  const differs = one.findIndex((place, at) => place !== other[at]);
  return differs !== -1 && (one[differs] ?? 0) < (other[differs] ?? 0);
}

/** Which rejections are told of first: lines that cannot be read, then records, then rows of types, rules and keys. */
export const tellOrder = { line: 0, record: 1, row: 2, extract: 3 } as const;
