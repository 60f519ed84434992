import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../lib/object-store.ts';

/** The items of a distributed map, as the state machine is told of them. */
export interface WorkList {
  /** Key of the staging bucket: a JSON array. */
  readonly key: string;
  /** Items that one child execution takes. */
  readonly batch: number;
}

/** Items that a child execution has at most; what a killed function had begun is done again, so it is not many. */
const maxBatch = 16;
/** Child executions that each of the functions at once takes one after another, about: the slower ones take fewer. */
const batchesPerFunction = 4;

/**
 * Keeps the items of a map in the staging bucket. Its name tells its content, so a call that is repeated gives the same
 * list, and another one never changes it.
 *
 * @param functions  how many of the map work at once
 */
export async function keepWorkList(
  { prefix, store }: { readonly prefix: string; readonly store: Pick<ObjectStore, 'put'> },
  name: string,
  items: readonly unknown[],
  functions: number,
): Promise<WorkList> {
  const text = JSON.stringify(items);
  const key = `${prefix}/lists/${name}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`;
  await store.put(key, text);
  const batch = Math.ceil(items.length / (functions * batchesPerFunction));
  return { key, batch: Math.max(1, Math.min(maxBatch, batch)) };
}

/** Numbers from 0, as many as that. */
export function numbersBelow(count: number): readonly number[] {
  return Array.from({ length: count }, (_, number) => number);
}
