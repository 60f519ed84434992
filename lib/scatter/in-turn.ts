/** Requests for small objects that are under way at once: of thousands each waits for an answer. */
export const requestsAtOnce = 32;

/** Gets so many things in their order, some of them ahead; no more than those are held. */
export async function* inTurn<T>(count: number, get: (number: number) => Promise<T>): AsyncGenerator<T> {
  const ahead: Promise<T>[] = [];
  for (let next = 0; next < count || ahead.length > 0; ) {
    while (next < count && ahead.length < requestsAtOnce) {
      const one = get(next);
      // Where one before it fails, nobody awaits it.
      one.catch(() => undefined);
      ahead.push(one);
      next += 1;
    }
    const [first] = ahead.splice(0, 1);
    if (first !== undefined) yield await first;
  }
}
