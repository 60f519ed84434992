import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi } from './extract-setup.ts';
import { allIds, Crash, crashAtEachPage, extractAll, pagedApi, pagedSource } from './resume.ts';

const pages = 24;

describe('an extraction that is killed', () => {
  it.each(['before a page', 'in the middle of a page'] as const)(
    '%s goes on, and every row is there once, for each of 24 pages',
    async (moment) => await crashAtEachPage(pages, moment),
  );

  it('at any write to the store, just before or just after it, has every row once', async () => {
    const api = await pagedApi(pages);
    let write = 1;
    for (let ended = false; !ended; write += 1) {
      for (const moment of ['before', 'after']) {
        const made = setup(pagedSource, { base_url: api.url });
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
        if (await extract(request).catch(() => undefined)) ended = true;
        expect(crash.happened).toBe(!ended);
        expect(await extractAll(made.request)).toEqual(allIds(pages));
      }
    }
    expect(write).toBeGreaterThan(12);
  });
});

describe('an extraction with a deadline', () => {
  it('ends before it, and many short calls give the same manifest as one long one', async () => {
    const api = await pagedApi(pages);
    const long = setup(pagedSource, { base_url: api.url });
    const whole = await extract(long.request);
    const short = setup(pagedSource, { base_url: api.url });
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
    expect(calls).toBe(4);
    expect((await readRows(short.request, manifest)).map(({ id }) => id)).toEqual(allIds(pages));
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
    const made = setup({ ...pagedSource, pagination: { type: 'page_number' } }, { base_url: api.url });
    await expect(extract(made.request)).rejects.toMatchObject({ code: 'api_busy' });
    broken = false;
    const before = api.seen.length;
    expect(await extractAll(made.request)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(api.seen.length - before).toBe(5);
  });

  it('refuses to go on with other settings', async () => {
    const api = await pagedApi(pages);
    const made = setup(pagedSource, { base_url: api.url });
    const onProgress = (): void => made.clock.pass(1_000);
    await extract({ ...made.request, onProgress, deadline: new Date(made.clock.now().getTime() + 5_000) });
    const other = setup({ ...pagedSource, params: { other: true } }, { base_url: api.url });
    await expect(extract({ ...made.request, pipeline: other.request.pipeline })).rejects.toMatchObject({
      code: 'source_settings_changed',
    });
  });
});
