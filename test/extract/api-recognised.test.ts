import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { type Respond, readRows, sendJson, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

const size = 3;
const items = Array.from({ length: 8 }, (_, index) => ({ id: index + 1 }));
const page = (from: number): readonly Loose[] => items.slice(from, from + size);
const more = (from: number): boolean => from + size < items.length;

async function outcomeOf(settings: Loose, answer: Respond) {
  const api = await startApi(answer);
  const { request } = setup({ source_type: 'api', endpoint: 'rows', ...settings }, { base_url: api.url });
  try {
    const manifest = await extract(request);
    const { recognised = [], warnings = [] } = manifest;
    return { rows: await readRows(request, manifest), recognised, warnings, seen: api.seen, thrown: undefined };
  } catch (thrown) {
    return { rows: [], recognised: [], warnings: [], seen: api.seen, thrown };
  }
}

const asked = (url: URL, name: string): number => Number(url.searchParams.get(name) ?? 0);

/** An API that says how it goes on; without `pagination` it is read whole, and the setting that pins it is named. */
const recognisable: Readonly<
  Record<string, { readonly settings?: Loose; readonly answer: Respond; readonly pin: string }>
> = {
  'a cursor that is called next_cursor': {
    answer: ({ url }, response) => {
      const from = asked(url, 'cursor');
      sendJson(response, { data: page(from), next_cursor: more(from) ? `${from + size}` : null, has_more: more(from) });
    },
    pin: '{ "type": "cursor", "cursor_path": "$.next_cursor", "has_more_path": "$.has_more" }',
  },
  'a page token in the spelling of the response': {
    answer: ({ url }, response) => {
      const from = asked(url, 'pageToken');
      sendJson(response, { data: page(from), ...(more(from) ? { nextPageToken: `${from + size}` } : {}) });
    },
    pin: '{ "type": "cursor", "cursor_param": "pageToken", "cursor_path": "$.nextPageToken" }',
  },
  'paging.next.after': {
    answer: ({ url }, response) => {
      const from = asked(url, 'after');
      sendJson(response, {
        data: page(from),
        ...(more(from) ? { paging: { next: { after: `${from + size}` } } } : {}),
      });
    },
    pin: '{ "type": "cursor", "cursor_param": "after", "cursor_path": "$.paging.next.after" }',
  },
  'a cursor in the body of a POST': {
    settings: { method: 'POST', body: { start_cursor: '' } },
    answer: ({ body }, response) => {
      const from = Number((JSON.parse(body) as Loose).cursor ?? 0);
      sendJson(response, { data: page(from), next_cursor: more(from) ? `${from + size}` : '' });
    },
    pin: '{ "type": "cursor", "in": "body", "cursor_path": "$.next_cursor" }',
  },
  'a connection of GraphQL whose query has a variable': {
    settings: {
      method: 'POST',
      records_path: '$.data.users.nodes',
      body: { query: 'query Users($after: String) { users(after: $after) { nodes { id } } }' },
    },
    answer: ({ body }, response) => {
      const { variables } = JSON.parse(body) as { variables?: Loose };
      const from = Number(variables?.after ?? 0);
      const pageInfo = { hasNextPage: more(from), endCursor: String(from + size) };
      sendJson(response, { data: { users: { nodes: page(from), pageInfo } } });
    },
    pin: '"cursor_param": "variables.after", "cursor_path": "$.data.users.pageInfo.endCursor"',
  },
  'pages that the request counts, with a total': {
    settings: { params: { page: 1, per_page: size } },
    answer: ({ url }, response) =>
      sendJson(response, { data: page((asked(url, 'page') - 1) * size), meta: { total: items.length } }),
    pin: '{ "type": "page_number", "total_path": "$.meta.total" }',
  },
  'offsets that the request counts, with a total': {
    settings: { params: { $skip: 0, $top: size } },
    answer: ({ url }, response) => sendJson(response, { data: page(asked(url, '$skip')), total_count: items.length }),
    pin: '{ "type": "offset", "offset_param": "$skip", "limit_param": "$top", "limit": 3, "total_path": "$.total_count" }',
  },
  'offsets that the response tells of, with a flag that is true at the end': {
    answer: ({ url }, response) => {
      const startAt = asked(url, 'startAt');
      sendJson(response, { data: page(startAt), startAt, maxResults: size, isLast: !more(startAt) });
    },
    pin: '"offset_param": "startAt", "limit_param": "maxResults", "limit": 3, "is_last_path": "$.isLast" }',
  },
  'pages that the response counts': {
    answer: ({ url }, response) => {
      const number = Math.max(1, asked(url, 'page'));
      sendJson(response, { data: page((number - 1) * size), page: number, pages: 3 });
    },
    pin: '{ "type": "page_number", "total_pages_path": "$.pages" }',
  },
  'pages that a header counts': {
    settings: { records_path: '$' },
    answer: ({ url }, response) => {
      const number = Math.max(1, asked(url, 'page'));
      sendJson(response, page((number - 1) * size), { 'x-wp-total': '8', 'x-wp-totalpages': '3' });
    },
    pin: '{ "type": "page_number", "total_header": "X-Wp-Total" }',
  },
  'a URL of another name': {
    answer: ({ url }, response) => {
      const from = asked(url, 'o');
      sendJson(response, { data: page(from), meta: { next_page_url: more(from) ? `?o=${from + size}` : null } });
    },
    pin: '{ "type": "next_url", "next_path": "$.meta.next_page_url" }',
  },
};

describe('without pagination', () => {
  it.each(Object.entries(recognisable))('%s is followed, and named', async (_name, { answer, pin, settings }) => {
    for (const load_mode of ['insert', 'replace']) {
      const load = { records_path: '$.data', load_mode, key_columns: ['id'], ...settings };
      const outcome = await outcomeOf(load, answer);
      expect(outcome.thrown).toBeUndefined();
      expect(outcome.rows).toEqual(items);
      expect(outcome.warnings).toEqual([]);
      expect(outcome.recognised.join()).toContain(pin);
      const json = /"pagination": (\{.*\})$/.exec(outcome.recognised[0] ?? '')?.[1] ?? '';
      const pinned = await outcomeOf({ ...load, pagination: JSON.parse(json) as Loose }, answer);
      expect(pinned).toMatchObject({ rows: items, warnings: [], recognised: [], thrown: undefined });
    }
  });

  it.each<readonly [string, Respond]>([
    [
      'knows no such parameter and gives the first page again',
      (_request, response) => sendJson(response, { data: page(0), next_cursor: 'x', total: 8 }),
    ],
    [
      'gives the first page again with another cursor and another order each time',
      (_request, response, count) => {
        const data = count % 2 === 0 ? page(0) : [...page(0)].reverse();
        sendJson(response, { data, next_cursor: `x${count}`, total: 8 });
      },
    ],
    [
      'refuses parameters that it does not know',
      ({ url }, response) =>
        url.search === ''
          ? sendJson(response, { data: page(0), next_cursor: 'x', total: 8 })
          : sendJson(response, { message: 'unknown parameter' }, {}, 400),
    ],
    [
      'tells of the first page whatever page is asked for',
      ({ url }, response) =>
        sendJson(response, { data: url.search === '' ? page(0) : page(3), page: 1, pages: 3, total: 8 }),
    ],
  ])('an API that %s is not read wrongly: it warns, and fails a replacement', async (_name, answer) => {
    const settings = { records_path: '$.data', key_columns: ['id'] };
    const warned = await outcomeOf(settings, answer);
    expect(warned.rows.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
    expect(warned.warnings).toEqual([expect.stringMatching(/that there are .*Set pagination/)]);
    const failed = await outcomeOf({ ...settings, load_mode: 'replace' }, answer);
    expect(failed.thrown).toMatchObject({ code: 'api_pages_unread' });
    expect(warned.seen.length).toBeLessThanOrEqual(5);
  });

  it('a total that is not reached fails a replacement and warns otherwise', async () => {
    const answer: Respond = ({ url }, response) =>
      sendJson(response, { data: page((asked(url, 'page') - 1) * size), total: 20 });
    const settings = { records_path: '$.data', params: { page: 1 }, key_columns: ['id'] };
    expect(await outcomeOf(settings, answer)).toMatchObject({
      rows: items,
      warnings: [expect.stringContaining('20 items, of which 8 were read')],
    });
    expect((await outcomeOf({ ...settings, load_mode: 'replace' }, answer)).thrown).toMatchObject({
      code: 'api_pages_unread',
    });
  });
});

describe('pages end', () => {
  const data = { records_path: '$.data' };
  it.each<readonly [string, Loose, Respond, number]>([
    [
      'at a short page',
      { type: 'offset', limit: size, stop_on_short_page: true },
      ({ url }, response) => sendJson(response, { data: page(asked(url, 'offset')) }),
      3,
    ],
    [
      'where a flag says that it is the last',
      { type: 'page_number', first_page: 0, is_last_path: '$.last' },
      ({ url }, response) => {
        const from = asked(url, 'page') * size;
        sendJson(response, { data: page(from), last: !more(from) });
      },
      3,
    ],
    [
      'where the total is reached although a cursor leads on',
      { type: 'cursor', cursor_path: '$.next', total_path: '$.total', stop_on_total: true },
      ({ url }, response) => {
        const from = asked(url, 'cursor');
        sendJson(response, { data: page(from), total: 8, next: from + size });
      },
      3,
    ],
    [
      'where the same cursor comes again',
      { type: 'cursor', first_cursor: '*', cursor_path: '$.next', stop_on_same_cursor: true },
      ({ url }, response) => {
        const cursor = url.searchParams.get('cursor') ?? '';
        const from = cursor === '*' ? 0 : Number(cursor);
        sendJson(response, { data: page(from), next: from >= 9 ? '9' : String(from + size) });
      },
      4,
    ],
  ])('%s', async (_name, pagination, answer, requests) => {
    const outcome = await outcomeOf({ ...data, pagination }, answer);
    expect(outcome).toMatchObject({ rows: items, thrown: undefined });
    expect(outcome.seen).toHaveLength(requests);
  });
});
