import { StatesError } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import { positive } from './item-reader.ts';
import { maxPayloadBytes } from './walk.ts';

export interface ItemBatcher {
  readonly MaxItemsPerBatch?: unknown;
  readonly MaxInputBytesPerBatch?: unknown;
  readonly BatchInput?: unknown;
}

/** The input of one child execution, and how many items it stands for. */
export interface ChildInput {
  readonly input: unknown;
  readonly items: number;
}

/**
 * Deals selected items into inputs of child executions (Developer Guide, "ItemBatcher (Map)"): one item each without a
 * batcher, else `{ BatchInput, Items }` with as many items as either maximum allows, 256 KiB where no bytes are given.
 * The maximum of bytes is that of `Items`; BatchInput comes on top, and the whole must fit into a payload.
 *
 * @throws {StatesError} States.DataLimitExceeded when an item alone is larger than a batch may be
 */
export async function childInputs(
  items: readonly unknown[],
  batcher: ItemBatcher | undefined,
  inside: Scope,
): Promise<readonly ChildInput[]> {
  if (batcher === undefined) return items.map((input) => ({ input, items: 1 }));
  const of = async (field: 'MaxItemsPerBatch' | 'MaxInputBytesPerBatch', otherwise: number): Promise<number> =>
    batcher[field] === undefined ? otherwise : positive(await evaluate(batcher[field], inside), field);
  const mostItems = await of('MaxItemsPerBatch', Number.POSITIVE_INFINITY);
  const mostBytes = Math.min(await of('MaxInputBytesPerBatch', maxPayloadBytes), maxPayloadBytes);
  const shared = batcher.BatchInput === undefined ? {} : { BatchInput: await evaluate(batcher.BatchInput, inside) };
  return batches(items, mostItems, mostBytes).map((batch) => ({
    input: { ...shared, Items: batch },
    items: batch.length,
  }));
}

function batches(items: readonly unknown[], mostItems: number, mostBytes: number): readonly (readonly unknown[])[] {
  const found: unknown[][] = [];
  let bytes = 0;
  for (const item of items) {
    // The item with a comma or a bracket; the batch has one bracket more.
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (size + 1 > mostBytes)
      throw new StatesError('States.DataLimitExceeded', `An item is larger than a batch of ${mostBytes} bytes`);
    const last = found.at(-1);
    if (last === undefined || last.length === mostItems || bytes + size > mostBytes) {
      found.push([item]);
      bytes = 1 + size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return found;
}
