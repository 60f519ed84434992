import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

const source = { source_type: 'api', endpoint: 'rows', key_columns: ['id'], load_mode: 'upsert' };
const rows = [{ id: 1 }, { id: 2 }, { id: 3 }];

/** What comes of an API that gives these responses, one after the other, and the last of them again. */
async function outcomeOf(
  responses: readonly Loose[] | readonly string[],
  settings: Loose,
  headers: Record<string, string> = {},
) {
  const api = await startApi((_request, response, count) =>
    sendJson(response, responses[Math.min(count, responses.length) - 1], headers),
  );
  const { request } = setup({ ...source, ...settings }, { base_url: api.url });
  try {
    const manifest = await extract(request);
    return { rows: await readRows(request, manifest), warnings: manifest.warnings ?? [] };
  } catch (thrown) {
    return { thrown };
  }
}

describe('an error in a response with a good status', () => {
  const list = { records_path: '$.data' };
  it.each([
    ['$.ok', { ok: false, error: 'ratelimited', data: [] }],
    ['$.success', { success: 'false', data: rows }],
    ['$.errors', { errors: [{ message: 'Timeout' }], data: rows }],
    ['$.error', { error: { code: 9 }, data: [] }],
    ['$.status', { status: 'error', message: 'quota exceeded', data: [] }],
    ['$._shards.failed', { _shards: { total: 2, failed: 1 }, data: rows }],
    ['$.timed_out', { timed_out: true, data: rows }],
    ['$.meta.errorMessage', { meta: { errorMessage: 'denied' }, data: rows }],
    ['$.status', { status: 'REQUEST_DENIED', data: [] }],
    ['$.status', { status: 'OVER_QUERY_LIMIT', data: [] }],
    ['$.status', { status: 'unauthorized', data: [] }],
    ['$.status', { status: 401, title: 'No', data: [] }],
    ['$.status', { status: '503', data: [] }],
    ['$.responseStatus', { responseStatus: 'ERROR', data: [] }],
    ['$.statusCode', { statusCode: 403, message: 'no', data: [] }],
    ['$.code', { code: 500, message: 'boom', data: [] }],
    ['$.meta.code', { meta: { code: 403 }, data: rows }],
    ['$.response.status', { response: { status: 500 }, data: [] }],
    ['$.err', { err: 'x', data: [] }],
    ['$.isError', { isError: true, data: [] }],
    ['$.hasErrors', { hasErrors: true, data: rows }],
    ['$.error_count', { error_count: 2, data: rows }],
    ['$.retCode', { retCode: 10001, data: [] }],
    ['$.partialFailureError', { partialFailureError: { code: 3 }, data: rows }],
    ['a record', { data: [{ id: 1 }, { error: { code: 503, message: 'later' } }] }],
    ['a record', { data: [{ message: [{ id: '120', key: 'Invalid value' }] }] }],
  ])('fails the run in every load mode: %s of %j', async (place, body) => {
    for (const load_mode of ['insert', 'upsert', 'replace']) {
      const { thrown } = await outcomeOf([body], { ...list, load_mode });
      expect(thrown).toMatchObject({ code: 'api_error_response', message: expect.stringContaining(`by ${place} `) });
    }
  });

  it('is a warning where the configuration says so', async () => {
    const settings = { ...list, on_incomplete: 'warn' };
    const outcome = await outcomeOf([{ errors: [{ message: 'Timeout' }], data: rows }], settings);
    expect(outcome).toMatchObject({ rows, warnings: [expect.stringContaining('by $.errors that it is an error')] });
  });

  it.each([
    { ok: true, success: 'true', status: 'ok', error: null, errors: [], timed_out: false, _shards: { failed: 0 } },
    { errors: {}, error: '', status: 'OK', errorCode: 0, errmsg: 'ok', message: 'here they are', warnings: ['old'] },
    {
      total: { value: 120, currency: 'EUR' },
      summary: { state: 'failed', total: 500 },
      job: { status: 'error', error: 'of another' },
    },
    { status: 200, code: 0, statusCode: '200', retCode: '0000', hasErrors: false, error_count: 0, isError: null },
    { code: 'ABC', state: 'rejected', country: { code: 410 } },
  ])('is not seen in %j', async (besides) => {
    expect(await outcomeOf([{ ...besides, data: rows }], { ...list, load_mode: 'replace' })).toEqual({
      rows,
      warnings: [],
    });
  });

  it('is not seen in rows that have a column of that name', async () => {
    const logs = [
      { id: 1, error: 'timeout', status: 'error' },
      { id: 2, error: null },
    ];
    expect(await outcomeOf([{ data: logs }], { ...list, load_mode: 'replace' })).toEqual({ rows: logs, warnings: [] });
  });

  it('is seen as a line among those of NDJSON', async () => {
    const lines = '{"id":1}\n{"error":{"code":500}}\n';
    const { thrown } = await outcomeOf([lines], {}, { 'content-type': 'application/x-ndjson' });
    expect(thrown).toMatchObject({ code: 'api_error_response' });
  });
});

describe('a sign that there is more', () => {
  const body = { total: 7, data: rows };
  const list = { records_path: '$.data' };

  it('fails a replace and warns otherwise, whatever the configuration says about pages', async () => {
    for (const pagination of [
      undefined,
      { type: 'none' },
      { type: 'cursor', cursor_path: '$.next' },
      { type: 'link_header' },
    ]) {
      const settings = { ...list, ...(pagination === undefined ? {} : { pagination }) };
      expect(await outcomeOf([body], settings)).toMatchObject({
        rows,
        warnings: [expect.stringMatching(/by \$\.total that there are 7 items, of which 3 were read/)],
      });
      const { thrown } = await outcomeOf([body], { ...settings, load_mode: 'replace' });
      expect(thrown).toMatchObject({ code: 'api_pages_unread', message: expect.stringContaining('would delete') });
      const { warnings } = await outcomeOf([body], { ...settings, load_mode: 'replace', on_incomplete: 'warn' });
      expect(warnings).toHaveLength(1);
      const failed = await outcomeOf([body], { ...settings, on_incomplete: 'fail' });
      expect(failed.thrown).toMatchObject({ code: 'api_pages_unread' });
    }
  });

  it.each([
    ['$.metadata.continue', { metadata: { continue: 'abc', resourceVersion: '1' } }],
    ['$.metadata.remainingItemCount', { metadata: { remainingItemCount: 4 } }],
    ['$.continue', { continue: { apcontinue: 'X', continue: '-||' } }],
    ['$.eof', { eof: false }],
    ['$.range.total', { range: { offset: 0, limit: 3, total: 9 } }],
  ])('stands at %s of %j', async (place, besides) => {
    const { warnings } = await outcomeOf([{ ...besides, data: rows }], list);
    expect(warnings).toEqual([expect.stringContaining(`says by ${place} that there are`)]);
  });

  it('may be a header that counts', async () => {
    const { warnings } = await outcomeOf([JSON.stringify(rows)], {}, { 'pagination-count': '9' });
    expect(warnings).toEqual([expect.stringContaining('by the header Pagination-Count that there are 9 items')]);
  });

  it.each([{ metadata: { continue: '' } }, { remainingItemCount: 0 }, { eof: true }, { continue: null }])(
    'is none in %j',
    async (besides) => {
      expect(await outcomeOf([{ ...besides, data: rows }], { ...list, load_mode: 'replace' })).toEqual({
        rows,
        warnings: [],
      });
    },
  );

  it('fails a source with a watermark, which would pass over what was not read', async () => {
    const settings = { ...list, incremental: { cursor_column: 'id' } };
    const { thrown } = await outcomeOf([body], settings);
    expect(thrown).toMatchObject({
      code: 'api_pages_unread',
      message: expect.stringContaining('watermark would pass'),
    });
    expect(await outcomeOf([body], { ...settings, on_incomplete: 'warn' })).toMatchObject({ rows });
  });

  it('is nothing where the rest is left out on purpose', async () => {
    for (const limit of [{ max_pages: 1 }, { max_rows: 2 }]) {
      const outcome = await outcomeOf([body], { ...list, ...limit, load_mode: 'replace' });
      expect(outcome).toMatchObject({ warnings: [] });
    }
  });

  it('is the configured total with every pager', async () => {
    for (const pagination of [
      { type: 'cursor', cursor_path: '$.next' },
      { type: 'link_header' },
      { type: 'next_url' },
    ]) {
      const { thrown } = await outcomeOf([{ count_of_all: 7, data: rows }], {
        ...list,
        pagination: { ...pagination, total_path: '$.count_of_all' },
      });
      expect(thrown).toMatchObject({ code: 'api_rows_missing' });
    }
  });

  it('is also the total where the last page is told by a status', async () => {
    const api = await startApi(({ url }, response) =>
      url.searchParams.get('page') === '1'
        ? sendJson(response, { how_many: 7, data: rows })
        : sendJson(response, { message: 'no such page' }, {}, 404),
    );
    const pagination = { type: 'page_number', total_path: '$.how_many', end_statuses: [404] };
    const { request } = setup({ ...source, ...list, pagination }, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_rows_missing' });
  });

  it('is a configured place without a total, which is said', async () => {
    const pagination = { type: 'offset', limit: 3, total_path: '$.meta.totl', total_header: 'X-Totl' };
    const outcome = await outcomeOf([{ data: rows }, { data: [] }], { ...list, pagination, load_mode: 'replace' });
    expect(outcome).toEqual({
      rows,
      warnings: [
        expect.stringContaining('no number at pagination.total_path $.meta.totl or pagination.total_header X-Totl'),
      ],
    });
  });

  it('is not the pages of another list in the response', async () => {
    const data = {
      users: { nodes: rows, pageInfo: { hasNextPage: false } },
      teams: { nodes: [], pageInfo: { hasNextPage: true } },
    };
    const outcome = await outcomeOf([{ data }], { records_path: '$.data.users.nodes[*]', load_mode: 'replace' });
    expect(outcome).toEqual({ rows, warnings: [] });
  });

  it('is a flag that says no where a cursor or a URL says yes', async () => {
    const page = { data: rows, has_more: false, next_cursor: 'abc', links: { next: '/rows?after=3' } };
    expect(await outcomeOf([page], { ...list, load_mode: 'replace' })).toEqual({ rows, warnings: [] });
  });
});

describe('a page that is as long as was asked for', () => {
  const full = { params: { limit: 3 }, load_mode: 'replace' };
  const said = [expect.stringContaining('3 items, as many as the parameter limit allows')];

  it('leaves it open whether there is more, which is said', async () => {
    expect(await outcomeOf([JSON.stringify(rows)], full)).toEqual({ rows, warnings: said });
    expect(await outcomeOf([JSON.stringify(rows)], { ...full, params: { limit: 4 } })).toMatchObject({ warnings: [] });
    expect(await outcomeOf([{ results: rows, next: null }], full)).toMatchObject({ warnings: [] });
    expect(await outcomeOf([{ results: rows, total: 3 }], full)).toMatchObject({ warnings: [] });
  });

  it('is said also where the flag that is configured is nowhere', async () => {
    const pagination = { type: 'offset', limit: 3, has_more_path: '$.hasMroe' };
    expect(await outcomeOf([{ results: rows }], { ...full, pagination })).toEqual({ rows, warnings: said });
    expect(await outcomeOf([{ results: rows, hasMroe: false }], { ...full, pagination })).toMatchObject({
      warnings: [],
    });
  });
});

describe('a response without rows', () => {
  it.each([
    ['an empty list', {}, []],
    ['an empty list under the default name', {}, { results: [] }],
    ['an empty list under a path', { records_path: '$.data[*]' }, { data: [] }],
    ['an empty list under a nested path', { records_path: '$.orders[*].lines[*]' }, { orders: [] }],
    ['null in place of a list', { records_path: '$.items[*]' }, { items: null, total: 0 }],
    ['a total of zero and no list', { records_path: '$.items[*]' }, { total: 0 }],
    [
      'a list that is left out, which the configuration allows',
      { records_path: '$.items', on_omitted_list: 'empty' },
      { kind: 'x' },
    ],
    ['a filter that lets nothing through', { records_path: '$.data[?@.id > 9]' }, { data: rows }],
  ])('that has %s is complete and gives none, in every load mode', async (_what, settings, body) => {
    for (const load_mode of ['insert', 'upsert', 'replace']) {
      expect(await outcomeOf([JSON.stringify(body)], { ...settings, load_mode })).toEqual({ rows: [], warnings: [] });
    }
  });

  it('is said, and fails a replace, where it has items and none of them has rows', async () => {
    const body = { orders: [{ id: 1 }, { id: 2 }] };
    const settings = { records_path: '$.orders[*].lnies[*]' };
    expect(await outcomeOf([body], settings)).toMatchObject({
      rows: [],
      warnings: [expect.stringContaining('2 items without any row')],
    });
    const { thrown } = await outcomeOf([body], { ...settings, load_mode: 'replace' });
    expect(thrown).toMatchObject({ code: 'api_pages_unread' });
  });

  it.each([
    [{ data: { items: rows } }, '$.data.items[*]'],
    [{ meta: { tags: ['a'] }, response: { 'the docs': rows, facets: [] } }, "$.response['the docs'][*]"],
    [[{ page: 1 }, rows], '$[1][*]'],
  ])('names the place where they are likely: %j', async (body, path) => {
    const { thrown } = await outcomeOf([JSON.stringify(body)], {});
    expect(thrown).toMatchObject({
      code: 'rows_not_found',
      message: expect.stringContaining(`records_path: ${path}.`),
    });
  });
});

describe('a cursor', () => {
  it('goes back in a body as the text that it was, with every digit and blank', async () => {
    const sort = '[9007199254740993, "d 1", 1.10, null]';
    const api = await startApi((request, response, count) =>
      sendJson(
        response,
        count === 1 ? `{"data":[{"id":1}],"sort":${sort}}` : JSON.stringify({ data: [{ id: request.body }] }),
      ),
    );
    const pagination = { type: 'cursor', in: 'body', cursor_param: 'search.after', cursor_path: '$.sort' };
    const { request } = setup({ ...source, method: 'POST', records_path: '$.data', pagination }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([
      { id: 1 },
      { id: `{"search":{"after":${sort}}}` },
    ]);
  });
});

describe('rows that are the members of an object', () => {
  const body = { rates: { EUR: { n: 1.1 }, JPY: {}, 'a"b': 3 } };
  const settings = { records_path: '$.rates[*]', load_mode: 'replace' };

  it('lose their names, which is said', async () => {
    const outcome = await outcomeOf([body], settings);
    expect(outcome).toMatchObject({ warnings: [expect.stringContaining('record_name_column')] });
    expect(outcome.rows).toEqual([{ n: 1.1 }, {}, { value: 3 }]);
  });

  it('keep them in the column that the configuration names', async () => {
    expect(await outcomeOf([body], { ...settings, record_name_column: 'code' })).toEqual({
      rows: [{ code: 'EUR', n: 1.1 }, { code: 'JPY' }, { code: 'a"b', value: 3 }],
      warnings: [],
    });
    const { thrown } = await outcomeOf([body], { ...settings, record_name_column: 'n' });
    expect(thrown).toMatchObject({ code: 'member_name_collision' });
  });

  it('are no names where the path leads to one object, or to elements of lists', async () => {
    for (const path of ['$.rates', '$.rates.EUR', '$.list[*]']) {
      const outcome = await outcomeOf([{ ...body, list: [{ a: 1 }] }], { records_path: path });
      expect(outcome).toMatchObject({ warnings: [] });
    }
  });
});
