import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { ExtractRequest } from '../../lib/extract/request.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import { readRows, sendJson, setup, startApi, type TestApi } from './extract-setup.ts';

const pages = 60;
const rowsOfPage = 3;
const allIds = Array.from({ length: pages * rowsOfPage }, (_, index) => index + 1);
const source = { source_type: 'api', endpoint: 'rows', pagination: { type: 'cursor', cursor_path: 'next' } };

/** What would be gone with the process: from the crash on, nothing reaches the store any more. */
class Crash {
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

async function pagedApi(onRequest: (count: number, half: () => void) => boolean): Promise<TestApi> {
  return await startApi(({ url }, response, count) => {
    const page = Number(url.searchParams.get('cursor') ?? 0);
    const ids = allIds.slice(page * rowsOfPage, (page + 1) * rowsOfPage);
    const text = JSON.stringify({ results: ids.map((id) => ({ id })), next: page + 1 < pages ? page + 1 : null });
    const half = (): void => {
      response.writeHead(200);
      response.write(text.slice(0, text.length / 2));
    };
    if (onRequest(count, half)) return;
    sendJson(response, text);
  });
}

async function extractAll(request: ExtractRequest): Promise<readonly unknown[]> {
  const manifest = await extract(request);
  expect(manifest.complete).toBe(true);
  return (await readRows(request, manifest)).map(({ id }) => id);
}

describe('an extraction that is killed', () => {
  it.each(['before a page', 'in the middle of a page'])(
    '%s goes on, and every row is there once, for each of 60 pages',
    async (moment) => {
      let atCount = 0;
      let crash = new Crash();
      const api = await pagedApi((count, half) => {
        if (count !== atCount || crash.happened) return false;
        if (moment === 'in the middle of a page') half();
        setImmediate(() => crash.now());
        return true;
      });
      let fewest = Infinity;
      for (let page = 1; page <= pages; page += 1) {
        const made = setup(source, { base_url: api.url });
        crash = new Crash();
        atCount = api.seen.length + page;
        // Some runs save after each page, some after a few, some not before the end.
        const pace = [20_000, 6_000, 0][page % 3] ?? 0;
        const onProgress = (): void => made.clock.pass(pace);
        const doomed = { ...made.request, store: crash.store(made.request.store), signal: crash.signal, onProgress };
        await expect(extract(doomed)).rejects.toThrow();
        expect(crash.happened).toBe(true);
        const before = api.seen.length;
        expect(await extractAll(made.request)).toEqual(allIds);
        const again = api.seen.length - before;
        if (pace === 20_000) expect(again).toBe(pages - page + 1);
        fewest = Math.min(fewest, again);
      }
      expect(fewest).toBeLessThan(5);
    },
  );

  it('at any write to the store, just before or just after it, has every row once', async () => {
    const api = await pagedApi(() => false);
    for (let write = 1; write <= 24; write += 1) {
      for (const moment of ['before', 'after']) {
        const made = setup(source, { base_url: api.url });
        const crash = new Crash();
        let writes = 0;
        const { store } = made.request;
        const counting =
          <T extends unknown[]>(act: (...args: T) => Promise<void>) =>
          async (...args: T): Promise<void> => {
            if (crash.happened) throw new Error('crashed');
            writes += 1;
            if (writes === write && moment === 'before') crash.now();
            else await act(...args);
            if (writes === write) crash.now();
            if (crash.happened) throw new Error('crashed');
          };
        const doomed = { ...store, put: counting(store.put), putFile: counting(store.putFile) };
        const onProgress = (): void => made.clock.pass(6_000);
        const request = { ...made.request, store: doomed, signal: crash.signal, onProgress };
        await expect(extract(request)).rejects.toThrow('crashed');
        expect(await extractAll(made.request)).toEqual(allIds);
      }
    }
  });
});

describe('an extraction with a deadline', () => {
  it('ends before it, and many short calls give the same manifest as one long one', async () => {
    const api = await pagedApi(() => false);
    const long = setup(source, { base_url: api.url });
    const whole = await extract(long.request);
    const short = setup(source, { base_url: api.url });
    const onProgress = (): void => short.clock.pass(1_000);
    let calls = 0;
    let manifest = { complete: false } as Awaited<ReturnType<typeof extract>>;
    while (!manifest.complete) {
      calls += 1;
      manifest = await extract({
        ...short.request,
        onProgress,
        deadline: new Date(short.clock.now().getTime() + 7_000),
      });
      expect(manifest.parts.length).toBe(calls);
    }
    expect(calls).toBe(9);
    expect((await readRows(short.request, manifest)).map(({ id }) => id)).toEqual(allIds);
    expect(manifest.source_fingerprint).toBe(whole.source_fingerprint);
    expect(manifest.extracted_at).toBe(whole.extracted_at);
    expect(await extract(short.request)).toEqual(manifest);
    expect(api.seen).toHaveLength(2 * pages);
  });

  it('keeps what was read before an error, and goes on behind it', async () => {
    let broken = true;
    const api = await startApi(({ url }, response) => {
      const page = Number(url.searchParams.get('page'));
      if (broken && page === 5) sendJson(response, '', {}, 503);
      else sendJson(response, { results: page <= 8 ? [{ id: page }] : [] });
    });
    const made = setup({ ...source, pagination: { type: 'page_number' } }, { base_url: api.url });
    await expect(extract(made.request)).rejects.toMatchObject({ code: 'api_busy' });
    broken = false;
    const before = api.seen.length;
    expect(await extractAll(made.request)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(api.seen.length - before).toBe(5);
  });

  it('refuses to go on with other settings', async () => {
    const api = await pagedApi(() => false);
    const made = setup(source, { base_url: api.url });
    const onProgress = (): void => made.clock.pass(1_000);
    await extract({ ...made.request, onProgress, deadline: new Date(made.clock.now().getTime() + 5_000) });
    const other = setup({ ...source, params: { other: true } }, { base_url: api.url });
    await expect(extract({ ...made.request, pipeline: other.request.pipeline })).rejects.toMatchObject({
      code: 'source_settings_changed',
    });
  });
});
