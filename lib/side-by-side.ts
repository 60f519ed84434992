/**
 * Runs workers side by side, and resolves when all of them have ended. When one fails, the others may finish what they
 * have in hand, so that none is left at work behind a failure; `failed` tells them to begin nothing more.
 *
 * @throws what the first one in order failed with
 */
export async function sideBySide(workers: number, work: (failed: () => boolean) => Promise<void>): Promise<void> {
  let failed = false;
  const settled = await Promise.allSettled(
    Array.from({ length: workers }, async () => {
      try {
        await work(() => failed);
      } catch (error) {
        failed = true;
        throw error;
      }
    }),
  );
  const failure = settled.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

/** Does the same with each item, at most so many of them side by side. @returns what came of them, in their order */
export async function mapSideBySide<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = new Array(items.length);
  const left = items.entries();
  await sideBySide(Math.min(atOnce, items.length), async (failed) => {
    while (!failed()) {
      const next = left.next();
      if (next.done === true) return;
      const [index, item] = next.value;
      results[index] = await work(item);
    }
  });
  return results;
}
