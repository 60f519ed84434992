import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, type SeenRequest, sendJson, setup, startApi } from './extract-setup.ts';
import { allRows, answerPage, isCounted, pagers, pageSize, stops } from './paged-api.ts';

const plainStop = stops['what leads on is missing, or the page is empty'];
const token = 'value-of-TOKEN';

/** How requests prove who sends them: the settings, and what the API checks. */
const auths: Readonly<
  Record<string, { settings: (url: string) => object | undefined; proves: (request: SeenRequest) => boolean }>
> = {
  'no credentials': { settings: () => undefined, proves: ({ headers }) => headers.authorization === undefined },
  'a bearer token': {
    settings: () => ({ type: 'bearer', token: { env: 'TOKEN' } }),
    proves: ({ headers }) => headers.authorization === `Bearer ${token}`,
  },
  'a key in a header': {
    settings: () => ({ type: 'api_key', name: 'X-Api-Key', key: { env: 'TOKEN' } }),
    proves: ({ headers }) => headers['x-api-key'] === token,
  },
  'a key in the query': {
    settings: () => ({ type: 'api_key', name: 'api_key', in: 'query', key: { secret: 's' } }),
    proves: ({ url }) => url.searchParams.getAll('api_key').join() === 'value-of-s',
  },
  'user name and password': {
    settings: () => ({ type: 'basic', username: 'käthe', password: { env: 'TOKEN' } }),
    proves: ({ headers }) => headers.authorization === `Basic ${Buffer.from(`käthe:${token}`).toString('base64')}`,
  },
  'OAuth client credentials': {
    settings: (url) => ({
      type: 'oauth2_client_credentials',
      token_url: `${url}/token`,
      client_id: 'me',
      client_secret: { env: 'TOKEN' },
    }),
    proves: ({ headers }) => headers.authorization === 'Bearer issued',
  },
};

describe.each(Object.entries(pagers))('%s', (_pager, pager) => {
  describe.each(Object.entries(stops).filter(([, stop]) => stop.fits(pager.pagination)))(
    'that end when %s',
    (_stop, stop) => {
      it.each(Object.entries(auths))('are read to the last row with %s', async (_auth, auth) => {
        const api = await startApi((request, response) => {
          if (request.url.pathname === '/token')
            return sendJson(response, { access_token: 'issued', expires_in: '3600' });
          if (!auth.proves(request)) return sendJson(response, { error: 'who are you?' }, {}, 401);
          answerPage(pager, stop, request, response);
        });
        const credentials = auth.settings(api.url);
        const { request } = setup(
          {
            source_type: 'api',
            endpoint: 'rows',
            method: pager.method,
            pagination: { ...pager.pagination, ...stop.settings },
          },
          { base_url: api.url, ...(credentials === undefined ? {} : { auth: credentials }) },
        );
        const manifest = await extract(request);
        expect(await readRows(request, manifest)).toEqual(allRows);
        expect(manifest.warnings).toBeUndefined();
        // Only where nothing else says so, the end is seen by one more page.
        const unannounced = stop.settings === plainStop?.settings && isCounted(pager.pagination);
        expect(api.seen.filter(({ url }) => url.pathname !== '/token')).toHaveLength(unannounced ? 6 : 5);
        expect(api.seen.filter(({ url }) => url.pathname === '/token').length).toBeLessThanOrEqual(1);
      });
    },
  );

  it.each([
    [{ max_pages: 2 }, 2 * pageSize],
    [{ max_rows: 7 }, 7],
    [{ max_rows: 10 }, 10],
  ])('end at a maximum: %j', async (limit, rows) => {
    const stop = plainStop;
    if (stop === undefined) throw new Error('the plain stop is there');
    const api = await startApi((request, response) => answerPage(pager, stop, request, response));
    const { request } = setup(
      { source_type: 'api', endpoint: 'rows', method: pager.method, pagination: pager.pagination, ...limit },
      { base_url: api.url },
    );
    expect(await readRows(request, await extract(request))).toEqual(allRows.slice(0, rows));
    expect(api.seen).toHaveLength(2);
  });
});

const source = { source_type: 'api', endpoint: 'rows' };

describe('pages of other kinds', () => {
  it('may lead on by a value of their last row', async () => {
    const api = await startApi(({ url }, response) => {
      const after = Number(url.searchParams.get('starting_after') ?? 0);
      const data = allRows.slice(after, after + 5);
      sendJson(response, { data, has_more: after + 5 < allRows.length });
    });
    const pagination = {
      type: 'cursor',
      cursor_param: 'starting_after',
      cursor_path: '$.data[-1].id',
      has_more_path: 'has_more',
    };
    const { request } = setup({ ...source, records_path: 'data', pagination }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual(allRows);
  });

  it('may end with an error for the page behind the last one, but not for the first', async () => {
    const api = await startApi(({ url }, response) => {
      const page = Number(url.searchParams.get('page'));
      if (url.pathname === '/none' || page > 3) return sendJson(response, { error: 'no such page' }, {}, 404);
      sendJson(response, [{ id: page }]);
    });
    const pagination = { type: 'page_number', end_statuses: [404] };
    const { request } = setup({ ...source, pagination }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    const none = setup({ ...source, endpoint: 'none', pagination }, { base_url: api.url });
    await expect(extract(none.request)).rejects.toMatchObject({ code: 'api_status' });
  });
});

describe('pages that go round', () => {
  it.each([
    [
      'the next link leads to itself',
      { type: 'next_url' },
      ({ url }: SeenRequest) => ({ results: [{ id: Math.random() }], next: url.href }),
    ],
    [
      'the next link leads back to an earlier page',
      { type: 'next_url' },
      ({ url }: SeenRequest) => {
        const page = Number(url.searchParams.get('p') ?? 0);
        return { results: [{ id: Math.random() }], next: `?p=${page === 9 ? 3 : page + 1}` };
      },
    ],
    [
      'the cursor stays the same',
      { type: 'cursor', cursor_path: 'next' },
      () => ({ results: [{ id: Math.random() }], next: 'same' }),
    ],
    ['the page parameter is not known to the API', { type: 'page_number' }, () => ({ results: [{ id: 1 }] })],
    [
      'the last page is repeated for ever',
      { type: 'offset', limit: 1 },
      ({ url }: SeenRequest) => ({ results: [{ id: Math.min(7, Number(url.searchParams.get('offset'))) }] }),
    ],
  ] as const)('are an error and no endless loop: %s', async (_name, pagination, answer) => {
    const api = await startApi((request, response) => sendJson(response, answer(request)));
    const { request } = setup({ ...source, pagination }, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({
      code: 'api_page_repeats',
      message: expect.stringContaining('repeats'),
    });
    expect(api.seen.length).toBeLessThan(40);
  });

  it('are found also where an API counts links upwards for ever', async () => {
    const api = await startApi(({ url }, response) =>
      sendJson(response, { results: [{ id: 1 }], next: `?p=${Number(url.searchParams.get('p') ?? 0) + 1}` }),
    );
    const { request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_page_repeats' });
  });

  it('are not suspected where two pages that the API leads through are alike', async () => {
    const api = await startApi(({ url }, response) => {
      const page = Number(url.searchParams.get('p') ?? 1);
      sendJson(response, {
        results: [{ value: page < 3 ? 0 : page }],
        ...(page < 4 ? { next: `?p=${page + 1}` } : {}),
      });
    });
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toHaveLength(4);
  });

  it('are not suspected where an empty page has a cursor and more follows', async () => {
    const pages: Readonly<Record<string, object>> = {
      '': { results: [], next: 'a' },
      a: { results: [], next: 'b' },
      b: { results: [{ id: 1 }], next: '' },
    };
    const api = await startApi(({ url }, response) => sendJson(response, pages[url.searchParams.get('cursor') ?? '']));
    const { request } = setup(
      { ...source, pagination: { type: 'cursor', cursor_path: 'next' } },
      { base_url: api.url },
    );
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });
});

describe('an API about whose pages nothing is said', () => {
  it.each([
    [
      'a Link header',
      (next: string | undefined) => ({ body: {}, headers: next === undefined ? {} : { link: `<${next}>; rel=next` } }),
    ],
    ['a URL in next', (next: string | undefined) => ({ body: { next: next ?? null }, headers: {} })],
    ['a URL in links.next', (next: string | undefined) => ({ body: { links: { next } }, headers: {} })],
    ['the next link of OData', (next: string | undefined) => ({ body: { '@odata.nextLink': next }, headers: {} })],
  ])('is followed by %s', async (_name, lead) => {
    const api = await startApi(({ url }, response) => {
      const page = Number(url.searchParams.get('p') ?? 1);
      const { body, headers } = lead(page < 3 ? `/rows?p=${page + 1}` : undefined);
      sendJson(response, { results: [{ id: page }], ...body }, headers);
    });
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it('is asked once where pagination is none', async () => {
    const api = await startApi((_request, response) => sendJson(response, { results: [{ id: 1 }], next: '/rows?p=2' }));
    const { request } = setup({ ...source, pagination: { type: 'none' } }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });

  it('is warned of where it says that there is more in a way that cannot be followed', async () => {
    const api = await startApi((_request, response) => sendJson(response, { results: [{ id: 1 }], has_more: true }));
    const { request } = setup(source, { base_url: api.url });
    expect((await extract(request)).warnings).toEqual([
      expect.stringContaining('by $.has_more that there are further pages'),
    ]);
  });
});

describe('rows that move while pages are read', () => {
  it('appear twice where a row was inserted before, for the transform stage to drop', async () => {
    const api = await startApi(({ url }, response, count) => {
      const rows = count === 1 ? [1, 2, 3, 4] : [0, 1, 2, 3, 4];
      const offset = Number(url.searchParams.get('offset'));
      sendJson(response, { results: rows.slice(offset, offset + 2).map((id) => ({ id })) });
    });
    const { request } = setup({ ...source, pagination: { type: 'offset', limit: 2 } }, { base_url: api.url });
    const ids = (await readRows(request, await extract(request))).map(({ id }) => id);
    expect([...new Set(ids)]).toEqual([1, 2, 3, 4]);
  });

  it('are missed by no one who knows the total: fewer rows than it says are an error', async () => {
    const api = await startApi(({ url }, response) => {
      const offset = Number(url.searchParams.get('offset'));
      sendJson(response, {
        total: 5,
        results: offset === 0 ? [{ id: 1 }, { id: 2 }] : offset === 2 ? [{ id: 4 }] : [],
      });
    });
    const { request } = setup(
      { ...source, pagination: { type: 'offset', limit: 2, total_path: 'total' } },
      { base_url: api.url },
    );
    await expect(extract(request)).rejects.toMatchObject({
      code: 'api_rows_missing',
      message: expect.stringContaining('after 3 items'),
    });
  });

  it('are told of where the total shrinks between two pages', async () => {
    const api = await startApi(({ url }, response) => {
      const offset = Number(url.searchParams.get('offset'));
      const rows = offset === 0 ? [1, 2, 3, 4, 5, 6] : [2, 3, 4, 5, 6];
      sendJson(response, { total: rows.length, results: rows.slice(offset, offset + 3).map((id) => ({ id })) });
    });
    const { request } = setup(
      { ...source, pagination: { type: 'offset', limit: 3, total_path: 'total' } },
      { base_url: api.url },
    );
    const manifest = await extract(request);
    expect(manifest.warnings).toEqual([expect.stringContaining('from 6 to 5')]);
  });
});
