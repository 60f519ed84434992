import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, type SeenRequest, sendJson, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

const items = Array.from({ length: 7 }, (_, index) => ({ id: index + 1, at: `2024-01-0${index + 1}T00:00:00Z` }));

/** Extracts from an API that answers by what it is asked. */
async function outcomeOf(settings: Loose, answer: (request: SeenRequest) => unknown, more: Loose = {}) {
  const api = await startApi((request, response) => sendJson(response, answer(request)));
  const { request } = setup({ source_type: 'api', endpoint: 'rows', ...settings }, { base_url: api.url }, more);
  const manifest = await extract(request);
  return { rows: await readRows(request, manifest), seen: api.seen, manifest };
}

describe('placeholders', () => {
  it('page through a query language whose positions begin at 1', async () => {
    const { rows, seen } = await outcomeOf(
      {
        params: { query: 'SELECT * FROM Invoice STARTPOSITION {offset+1} MAXRESULTS {limit}' },
        records_path: '$.QueryResponse.Invoice',
        on_omitted_list: 'empty',
        pagination: { type: 'offset', limit: 3 },
      },
      ({ url }) => {
        const [, from = 0, size = 0] =
          /STARTPOSITION (\d+) MAXRESULTS (\d+)/.exec(url.searchParams.get('query') ?? '') ?? [];
        const Invoice = items.slice(Number(from) - 1, Number(from) - 1 + Number(size));
        return { QueryResponse: Invoice.length === 0 ? {} : { Invoice } };
      },
    );
    expect(rows).toEqual(items);
    for (const { url } of seen) expect([...url.searchParams.keys()]).toEqual(['query']);
  });

  it('ask for what is new in a query language', async () => {
    const soql = "SELECT id FROM Account WHERE at >= {watermark:iso8601} AND name = '{parent.name:text}' ORDER BY at";
    const { rows, seen } = await outcomeOf(
      {
        params: { q: soql.replace(" AND name = '{parent.name:text}'", '') },
        incremental: { cursor_column: 'at', initial_value: '2024-01-03' },
      },
      ({ url }) => {
        const from = /at >= (\S+)/.exec(url.searchParams.get('q') ?? '')?.[1] ?? '';
        return { results: items.filter(({ at }) => at >= from) };
      },
    );
    expect(rows).toEqual(items.slice(2));
    expect(seen[0]?.url.searchParams.get('q')).toBe(
      'SELECT id FROM Account WHERE at >= 2024-01-03T00:00:00Z ORDER BY at',
    );
  });

  it('write times as each API wants them, and the same ones in every call of a run', async () => {
    const { seen } = await outcomeOf(
      {
        params: {
          jql: 'updated >= "{watermark-1 hour:%Y/%m/%d %H:%M}"',
          day: '{now-3d:date}',
          s: '{now:epoch_seconds}',
          ms: '{watermark:epoch_milliseconds}',
          plain: '{watermark}',
          at: '{now}',
        },
        headers: { 'If-Modified-Since': '{watermark:http_date}' },
        incremental: { cursor_column: 'at', initial_value: '2024-01-03T10:30:00Z' },
      },
      () => [],
    );
    expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toEqual({
      jql: 'updated >= "2024/01/03 09:30"',
      day: '2026-10-29',
      s: String(Date.UTC(2026, 10, 1) / 1_000),
      ms: String(Date.UTC(2024, 0, 3, 10, 30)),
      plain: '2024-01-03T10:30:00Z',
      at: '2026-11-01T00:00:00Z',
    });
    expect(seen[0]?.headers['if-modified-since']).toBe('Wed, 03 Jan 2024 10:30:00 GMT');
  });

  it('put the page into the path', async () => {
    const { rows, seen } = await outcomeOf(
      { endpoint: 'rows/page-{page}', pagination: { type: 'page_number', page_size: 3, size_param: 'n' } },
      ({ url }) => {
        const page = Number(/page-(\d+)$/.exec(url.pathname)?.[1]);
        return items.slice((page - 1) * 3, page * 3);
      },
    );
    expect(rows).toEqual(items);
    expect(seen[0]?.url.search).toBe('?n=3');
  });

  it('take the cursor from the last row, as a number in a text and as the value itself in a body', async () => {
    const { rows, seen } = await outcomeOf(
      {
        method: 'POST',
        body: { query: '$id > {cursor:number} order by $id', after: '{cursor}', as_text: '{cursor:text}' },
        pagination: { type: 'cursor', first_cursor: 0, cursor_path: '$.records[-1].id', stop_on_empty_page: true },
        records_path: '$.records',
      },
      ({ body }) => {
        const from = Number(/> (\d+)/.exec(body)?.[1]);
        return { records: items.slice(from, from + 3) };
      },
    );
    expect(rows).toEqual(items);
    expect(seen.map(({ body }) => JSON.parse(body) as Loose)).toEqual(
      [0, 3, 6, 7].map((id) => ({ query: `$id > ${id} order by $id`, after: id, as_text: String(id) })),
    );
    expect(seen.every(({ url }) => url.search === '')).toBe(true);
  });

  it('are left out where they have no value and are the whole value', async () => {
    const { rows, seen } = await outcomeOf(
      {
        params: { token: '{cursor}' },
        pagination: { type: 'cursor', cursor_path: '$.next' },
      },
      ({ url }) => {
        const from = Number(url.searchParams.get('token') ?? 0);
        return { results: items.slice(from, from + 4), next: from === 0 ? '4' : null };
      },
    );
    expect(rows).toEqual(items);
    expect(seen.map(({ url }) => url.search)).toEqual(['', '?token=4']);
  });

  it('quote values for query languages', async () => {
    const { seen } = await outcomeOf(
      {
        params: {
          a: 'name eq {parent.name:single_quoted}',
          b: 'Name = {parent.name:backslash_quoted}',
          c: 'n = {parent.name:json}',
        },
        headers: { 'X-Parent': '{parent.id}' },
        parent: { endpoint: 'parents' },
      },
      ({ url }) => (url.pathname === '/parents' ? [{ id: 1, name: `O'Neil "\\` }] : []),
    );
    expect(Object.fromEntries(seen[1]?.url.searchParams ?? [])).toEqual({
      a: `name eq 'O''Neil "\\'`,
      b: `Name = 'O\\'Neil "\\\\'`,
      c: `n = "O'Neil \\"\\\\"`,
    });
    expect(seen[1]?.headers['x-parent']).toBe('1');
  });

  it('hold the run and the environment, which no message shows', async () => {
    const settings = {
      endpoint: 'of/{env.TENANT}?t={env.TENANT}',
      headers: { 'X-Run': '{run}', 'X-Tenant': '{{env}}' },
    };
    const { seen } = await outcomeOf(settings, () => []);
    expect(seen[0]).toMatchObject({
      url: expect.objectContaining({ pathname: '/of/value-of-TENANT', search: '?t=value-of-TENANT' }),
      headers: expect.objectContaining({ 'x-run': 'r1', 'x-tenant': '{env}' }),
    });
    const broken = outcomeOf(settings, () => ({ a: 'value-of-TENANT' }));
    await expect(broken).rejects.toThrow(/of\/\*\*\*\?t=\*\*\*/);
    await expect(broken).rejects.not.toThrow(/value-of/);
  });

  it('never change a path or a header', async () => {
    const path = outcomeOf({ endpoint: 'a/{env.X}/b' }, () => [], { resolveSecret: async () => '../admin' });
    await expect(path).rejects.toMatchObject({ code: 'template_path' });
    const header = outcomeOf({ headers: { 'X-A': '{env.X}' } }, () => [], { resolveSecret: async () => 'a\r\nB: c' });
    await expect(header).rejects.toMatchObject({ code: 'api_header_refused' });
    const number = outcomeOf({ params: { a: '{env.X:number}' } }, () => [], { resolveSecret: async () => 'x1' });
    await expect(number).rejects.toMatchObject({ code: 'template_value' });
  });
});
