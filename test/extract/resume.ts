import { expect } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { ExtractRequest } from '../../lib/extract/request.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import { readRows, sendJson, setup, startApi, type TestApi } from './extract-setup.ts';

const rowsOfPage = 3;
export const pagedSource = {
  source_type: 'api',
  endpoint: 'rows',
  pagination: { type: 'cursor', cursor_path: 'next' },
};

/** The ids of all rows of an API with this many pages. */
export const allIds = (pages: number): readonly number[] =>
  Array.from({ length: pages * rowsOfPage }, (_, index) => index + 1);

/** What would be gone with the process: from the crash on, nothing reaches the store any more. */
export class Crash {
  happened = false;
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;

  now(): void {
    this.happened = true;
    this.#abort.abort(new Error('crashed'));
  }

  readonly store = (store: ObjectStore): ObjectStore => {
    const guarded =
      <T extends unknown[]>(act: (...args: T) => Promise<void>) =>
      async (...args: T): Promise<void> => {
        if (this.happened) throw new Error('crashed');
        await act(...args);
      };
    return { ...store, put: guarded(store.put), putFile: guarded(store.putFile) };
  };
}

/** An API of so many pages; a request that `onRequest` takes over gets no response, or the half of one. */
export async function pagedApi(
  pages: number,
  onRequest: (count: number, half: () => void) => boolean = () => false,
): Promise<TestApi> {
  const all = allIds(pages);
  return await startApi(({ url }, response, count) => {
    const page = Number(url.searchParams.get('cursor') ?? 0);
    const ids = all.slice(page * rowsOfPage, (page + 1) * rowsOfPage);
    const text = JSON.stringify({ results: ids.map((id) => ({ id })), next: page + 1 < pages ? page + 1 : null });
    const half = (): void => {
      response.writeHead(200);
      response.write(text.slice(0, text.length / 2));
    };
    if (onRequest(count, half)) return;
    sendJson(response, text);
  });
}

/** Extracts to the end, and gives the ids of the rows. */
export async function extractAll(request: ExtractRequest): Promise<readonly unknown[]> {
  const manifest = await extract(request);
  expect(manifest.complete).toBe(true);
  return (await readRows(request, manifest)).map(({ id }) => id);
}

/** Kills an extraction at each page, and expects the next one to go on with every row there once. */
export async function crashAtEachPage(
  pages: number,
  moment: 'before a page' | 'in the middle of a page',
): Promise<void> {
  let atCount = 0;
  let crash = new Crash();
  const api = await pagedApi(pages, (count, half) => {
    if (count !== atCount || crash.happened) return false;
    if (moment === 'in the middle of a page') half();
    setImmediate(() => crash.now());
    return true;
  });
  let fewest = Infinity;
  for (let page = 1; page <= pages; page += 1) {
    const made = setup(pagedSource, { base_url: api.url });
    crash = new Crash();
    atCount = api.seen.length + page;
    // Some runs save after each page, some after a few, some not before the end.
    const pace = [20_000, 6_000, 0][page % 3] ?? 0;
    const onProgress = (): void => made.clock.pass(pace);
    const doomed = { ...made.request, store: crash.store(made.request.store), signal: crash.signal, onProgress };
    await expect(extract(doomed)).rejects.toThrow();
    expect(crash.happened).toBe(true);
    const before = api.seen.length;
    expect(await extractAll(made.request)).toEqual(allIds(pages));
    const again = api.seen.length - before;
    if (pace === 20_000) expect(again).toBe(pages - page + 1);
    fewest = Math.min(fewest, again);
  }
  expect(fewest).toBeLessThan(5);
}
