import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../lib/object-store.ts';
import { batchOf } from '../../lib/scatter/pieces.ts';

/** The items of a distributed map, as the state machine is told of them. */
export interface WorkList {
  /** Key of the staging bucket: a JSON array. */
  readonly key: string;
  /** Items that one child execution takes. */
  readonly batch: number;
}

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
  return { key, batch: batchOf(items.length, functions) };
}

/** Numbers from 0, as many as that. */
export function numbersBelow(count: number): readonly number[] {
  return Array.from({ length: count }, (_, number) => number);
}
