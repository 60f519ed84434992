import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

type Loose = Readonly<Record<string, unknown>>;

/** What a request asks for, and where the API stands. */
export interface Asked {
  readonly query: URLSearchParams;
  /** The body as JSON, `{}` where there is none; numbers beyond 2^53 are in `raw` only. */
  readonly body: Loose;
  readonly raw: string;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly origin: string;
}

export interface Answer {
  readonly body: unknown;
  readonly headers?: OutgoingHttpHeaders;
  readonly status?: number;
}

/** How a public API deals out its rows, in a small copy: seven rows, three a page unless it says otherwise. */
export interface Shape {
  readonly answer: (asked: Asked) => Answer;
  /** Where its rows are; without it the default. */
  readonly rows?: string;
  /** Settings besides, which a person who reads its documentation would make. */
  readonly tuned: Loose;
  /** Settings of the naked pipeline besides `records_path`. */
  readonly naked?: Loose;
  /** How many rows it has in all; 7 where it is not said. */
  readonly count?: number;
  /** How many of them are rows to one who knows its documentation. */
  readonly tunedCount?: number;
}

const size = 3;
const total = 7;
/** The rows that all copies have; a test may have others come in their place, as many. */
export const stock: { rows: readonly Loose[] } = {
  rows: Array.from({ length: total }, (_, index) => ({ id: index + 1, name: `n${index + 1}` })),
};
const page = (from: number): readonly Loose[] => stock.rows.slice(from, from + size);
const more = (from: number): boolean => from + size < total;
const number = (query: URLSearchParams, name: string, other: number): number => Number(query.get(name) ?? other);
const post = { method: 'POST' };
const cursor = (cursor_param: string, cursor_path: string, besides: Loose = {}): Loose => ({
  pagination: { type: 'cursor', cursor_param, cursor_path, ...besides },
});

export const shapes: Readonly<Record<string, Shape>> = {
  'a list with Link headers': {
    answer: ({ origin, path, query }) => {
      const at = number(query, 'page', 1);
      const link = `<${origin}${path}?page=${at + 1}>; rel="next", <${origin}${path}?page=3>; rel="last"`;
      return { body: page((at - 1) * size), headers: more((at - 1) * size) ? { link } : {} };
    },
    tuned: { pagination: { type: 'link_header' } },
  },
  'a search with total_count': {
    rows: '$.items',
    answer: ({ query }) => {
      const from = (number(query, 'page', 1) - 1) * size;
      return { body: { total_count: total, incomplete_results: false, items: page(from) } };
    },
    tuned: { pagination: { type: 'page_number', total_path: '$.total_count' } },
  },
  'a search that ends in 422 behind a cap': {
    rows: '$.items',
    answer: ({ query }) => {
      const from = (number(query, 'page', 1) - 1) * size;
      if (from >= 6) return { body: { message: 'Only the first 6 results are available' }, status: 422 };
      return { body: { total_count: total, items: page(from) } };
    },
    tuned: { pagination: { type: 'page_number', end_statuses: [422] } },
  },
  'has_more and the last id': {
    rows: '$.data',
    answer: ({ query }) => {
      const from = number(query, 'starting_after', 0);
      return { body: { object: 'list', has_more: more(from), data: page(from) } };
    },
    tuned: cursor('starting_after', '$.data[-1].id', { has_more_path: '$.has_more' }),
  },
  'paging.next.after': {
    answer: ({ origin, path, query }) => {
      const from = number(query, 'after', 0);
      const next = { after: String(from + size), link: `${origin}${path}?after=${from + size}` };
      return { body: { results: page(from), ...(more(from) ? { paging: { next } } : {}) } };
    },
    tuned: cursor('after', '$.paging.next.after'),
  },
  'a search by POST with paging.next.after': {
    answer: ({ body }) => {
      const from = Number(body.after ?? 0);
      const next = { after: String(from + size) };
      return { body: { total, results: page(from), ...(more(from) ? { paging: { next } } : {}) } };
    },
    naked: post,
    tuned: { ...post, ...cursor('after', '$.paging.next.after', { in: 'body' }) },
  },
  'done and the URL of the next records': {
    rows: '$.records',
    answer: ({ path, query }) => {
      const from = number(query, 'from', 0);
      const next = more(from) ? { nextRecordsUrl: `${path}?from=${from + size}` } : {};
      return { body: { totalSize: total, done: !more(from), ...next, records: page(from) } };
    },
    tuned: { pagination: { type: 'next_url', next_path: '$.nextRecordsUrl' } },
  },
  'a cursor that ends as an empty text': {
    rows: '$.members',
    answer: ({ query }) => {
      const from = number(query, 'cursor', 0);
      const next_cursor = more(from) ? String(from + size) : '';
      return { body: { ok: true, members: page(from), response_metadata: { next_cursor } } };
    },
    tuned: cursor('cursor', '$.response_metadata.next_cursor'),
  },
  'a start_cursor in the body': {
    answer: ({ body }) => {
      const from = Number(body.start_cursor ?? 0);
      if (body.start_cursor === null) return { body: { object: 'error', message: 'no null' }, status: 400 };
      const next_cursor = more(from) ? String(from + size) : null;
      return { body: { object: 'list', results: page(from), next_cursor, has_more: more(from) } };
    },
    naked: post,
    tuned: { ...post, ...cursor('start_cursor', '$.next_cursor', { in: 'body' }) },
  },
  'page tokens, with a page in the middle whose list is left out': {
    rows: '$.items',
    answer: ({ query }) => {
      const pages: Record<string, Loose> = {
        '': { nextPageToken: 'a', items: page(0) },
        a: { nextPageToken: 'b' },
        b: { nextPageToken: 'c', items: page(3) },
        c: { items: page(6) },
      };
      return { body: { kind: 'list', etag: '"x"', ...pages[query.get('pageToken') ?? ''] } };
    },
    tuned: cursor('pageToken', '$.nextPageToken'),
  },
  'an offset that is a token': {
    rows: '$.records',
    answer: ({ query }) => {
      const from = Number(query.get('offset')?.split('/')[1] ?? 0);
      return { body: { records: page(from), ...(more(from) ? { offset: `itr/${from + size}` } : {}) } };
    },
    tuned: cursor('offset', '$.offset'),
  },
  'search_after with numbers beyond 2^53': {
    rows: '$.hits.hits[*]',
    answer: ({ raw }) => {
      const first = 9_007_199_254_740_993n;
      const after = BigInt(/"search_after":\[(\d+)/.exec(raw)?.[1] ?? 0);
      const left = stock.rows.map((_, index) => first + BigInt(index)).filter((id) => id > after);
      const hits = left.slice(0, size).map((id) => `{"_id":"d${id}","_source":{"seq":${id}},"sort":[${id},"d"]}`);
      return {
        body: `{"took":1,"timed_out":false,"_shards":{"total":2,"failed":0},"hits":{"total":{"value":7,"relation":"eq"},"hits":[${hits.join()}]}}`,
      };
    },
    naked: post,
    tuned: { ...post, ...cursor('search_after', '$.hits.hits[-1].sort', { in: 'body', stop_on_empty_page: true }) },
  },
  'a page that tells its size and nothing else': {
    rows: '$.QueryResponse.Invoice[*]',
    answer: ({ query }) => {
      const from = number(query, 'start', 1) - 1;
      const list = page(from);
      return {
        body: { QueryResponse: list.length > 0 ? { Invoice: list, startPosition: from + 1, maxResults: size } : {} },
      };
    },
    tuned: {
      params: { start: '{offset+1}' },
      pagination: { type: 'offset', limit: 3 },
      on_omitted_list: 'empty',
    },
  },
  'columns in place of rows': {
    rows: '$.hourly.time[*]',
    answer: () => ({ body: { latitude: 52.5, hourly: { time: ['00:00', '01:00'], temp: [1.5, 2] } } }),
    tuned: { records_path: '$.hourly', columnar: true },
    count: 2,
  },
  'a list of a head and the rows': {
    rows: '$[1][*]',
    answer: ({ query }) => {
      const at = number(query, 'page', 1);
      return { body: [{ page: at, pages: 3, per_page: '3', total }, page((at - 1) * size)] };
    },
    tuned: { pagination: { type: 'page_number', total_pages_path: '$[0].pages' } },
  },
  'rows by their keys': {
    rows: '$.data[*]',
    answer: () => ({ body: { data: Object.fromEntries(stock.rows.map((row) => [`k${String(row.id)}`, row])) } }),
    tuned: { record_name_column: 'key' },
  },
  'connections of GraphQL': {
    rows: '$.data.users.nodes',
    answer: ({ body }) => {
      const from = Number((body.variables as Loose | undefined)?.after ?? 0);
      const pageInfo = { hasNextPage: more(from), endCursor: String(from + size) };
      return { body: { data: { users: { nodes: page(from), pageInfo } } } };
    },
    naked: { ...post, body: { query: '{ users }', variables: {} } },
    tuned: {
      ...post,
      body: { query: '{ users }', variables: {} },
      ...cursor('variables.after', '$.data.users.pageInfo.endCursor', {
        in: 'body',
        has_more_path: '$.data.users.pageInfo.hasNextPage',
      }),
    },
  },
  'one answer with a status': {
    rows: '$.data.result',
    answer: () => ({ body: { status: 'success', data: { resultType: 'matrix', result: stock.rows } } }),
    tuned: {},
  },
  'the values of a sheet': {
    rows: '$.values',
    answer: () => ({ body: { range: 'A1:B3', values: [['id'], ['1'], ['2']] } }),
    tuned: { header: 'first_row' },
    count: 3,
    tunedCount: 2,
  },
  'lists in lists, by offset': {
    rows: '$.orders[*].lines[*]',
    answer: ({ query }) => {
      const from = number(query, 'offset', 0);
      const orders = page(from).map((row) => ({
        ...row,
        lines: row.id === 2 || row.id === 4 ? [] : [{ a: 1 }, { a: 2 }],
      }));
      return { body: { total, orders } };
    },
    tuned: { pagination: { type: 'offset', limit: size, total_path: '$.total' } },
    count: 10,
  },
  'lists in lists, by page, where some are left out': {
    rows: '$.orders[*].lines[*]',
    answer: ({ query }) => {
      const from = (number(query, 'page', 1) - 1) * size;
      const orders = page(from).map((row) => (Number(row.id) > 3 ? row : { ...row, lines: [{ a: 1 }] }));
      return { body: { pages: 3, orders } };
    },
    tuned: { pagination: { type: 'page_number' }, on_incomplete: 'warn' },
    count: 3,
  },
  'rows that a filter takes from pages': {
    rows: "$.orders[?@.name != 'n4' && @.name != 'n5' && @.name != 'n6']",
    answer: ({ query }) => ({ body: { total, orders: page(number(query, 'offset', 0)) } }),
    tuned: { pagination: { type: 'offset', limit: size } },
    count: 4,
  },
  'content, totalElements and last': {
    rows: '$.content',
    answer: ({ query }) => {
      const from = number(query, 'page', 0) * size;
      const pages = { totalElements: total, totalPages: 3, last: !more(from), size, number: number(query, 'page', 0) };
      return { body: { content: page(from), pageable: { pageSize: size }, ...pages } };
    },
    tuned: { pagination: { type: 'page_number', first_page: 0, total_path: '$.totalElements' } },
  },
  'count, next and previous': {
    answer: ({ origin, path, query }) => {
      const from = number(query, 'offset', 0);
      const next = more(from) ? `${origin}${path}?offset=${from + size}` : null;
      return { body: { count: total, next, previous: null, results: page(from) } };
    },
    tuned: { pagination: { type: 'next_url' } },
  },
  'meta.last_page and links.next': {
    rows: '$.data',
    answer: ({ query }) => {
      const at = number(query, 'page', 1);
      const links = { first: '?page=1', next: at < 3 ? `?page=${at + 1}` : null };
      return { body: { data: page((at - 1) * size), links, meta: { current_page: at, last_page: 3, total } } };
    },
    tuned: { pagination: { type: 'page_number', total_pages_path: '$.meta.last_page' } },
  },
  'the links of HAL': {
    rows: '$._embedded.things',
    answer: ({ origin, path, query }) => {
      const from = number(query, 'from', 0);
      const next = more(from) ? { next: { href: `${origin}${path}?from=${from + size}` } } : {};
      return { body: { _embedded: { things: page(from) }, _links: { self: { href: path }, ...next } } };
    },
    tuned: { pagination: { type: 'next_url', next_path: '$._links.next.href' } },
  },
  '@odata.nextLink and @odata.count': {
    rows: '$.value',
    answer: ({ origin, path, query }) => {
      const from = number(query, '$skip', 0);
      const next = more(from) ? { '@odata.nextLink': `${origin}${path}?$skip=${from + size}` } : {};
      return { body: { '@odata.context': 'x', '@odata.count': total, value: page(from), ...next } };
    },
    tuned: { pagination: { type: 'next_url', next_path: "$['@odata.nextLink']" } },
  },
  'has_more beside a cursor and a URL that stay': {
    rows: '$.tickets',
    answer: ({ origin, path, query }) => {
      const from = number(query, 'after', 0);
      const next = `${origin}${path}?after=${from + size}`;
      return {
        body: { tickets: page(from), meta: { has_more: more(from), after_cursor: `${from + size}` }, links: { next } },
      };
    },
    tuned: cursor('after', '$.meta.after_cursor', { has_more_path: '$.meta.has_more' }),
  },
  end_of_stream: {
    rows: '$.tickets',
    answer: ({ origin, path, query }) => {
      const from = number(query, 'start', 0);
      const next_page = `${origin}${path}?start=${from + size}`;
      return { body: { tickets: page(from), count: page(from).length, end_of_stream: !more(from), next_page } };
    },
    tuned: { pagination: { type: 'next_url', next_path: '$.next_page', is_last_path: '$.end_of_stream' } },
  },
  'a relative next_page_uri': {
    rows: '$.messages',
    answer: ({ path, query }) => {
      const at = number(query, 'Page', 0);
      const next_page_uri = more(at * size) ? `${path}?Page=${at + 1}` : null;
      return { body: { page: at, page_size: size, next_page_uri, messages: page(at * size) } };
    },
    tuned: { pagination: { type: 'next_url', next_path: '$.next_page_uri' } },
  },
  'total_items by offset': {
    rows: '$.lists',
    answer: ({ query }) => ({ body: { lists: page(number(query, 'offset', 0)), total_items: total, _links: [] } }),
    tuned: { pagination: { type: 'offset', limit_param: 'count', limit: size, total_path: '$.total_items' } },
  },
  'pages.next as an object': {
    rows: '$.data',
    answer: ({ query }) => {
      const from = number(query, 'starting_after', 0);
      const next = more(from) ? { next: { page: 2, starting_after: String(from + size) } } : {};
      return { body: { type: 'list', data: page(from), pages: { type: 'pages', total_pages: 3, ...next } } };
    },
    tuned: cursor('starting_after', '$.pages.next.starting_after'),
  },
  'nbHits and nbPages': {
    rows: '$.hits',
    answer: ({ query }) => {
      const at = number(query, 'page', 0);
      return { body: { hits: page(at * size), nbHits: total, page: at, nbPages: 3, hitsPerPage: size } };
    },
    tuned: { pagination: { type: 'page_number', first_page: 0, total_pages_path: '$.nbPages' } },
  },
  'response.numFound': {
    rows: '$.response.docs',
    answer: ({ query }) => ({
      body: {
        responseHeader: { status: 0 },
        response: { numFound: total, start: 0, docs: page(number(query, 'start', 0)) },
      },
    }),
    tuned: { pagination: { type: 'offset', offset_param: 'start', limit_param: 'rows', limit: size } },
  },
  'links by relation, as of FHIR': {
    rows: '$.entry[*].resource',
    answer: ({ origin, path, query }) => {
      const from = number(query, 'from', 0);
      const next = more(from) ? [{ relation: 'next', url: `${origin}${path}?from=${from + size}` }] : [];
      const entry = page(from).map((resource) => ({ resource }));
      return { body: { resourceType: 'Bundle', total, link: [{ relation: 'self', url: path }, ...next], entry } };
    },
    tuned: { pagination: { type: 'next_url', next_path: "$.link[?@.relation=='next'].url" } },
  },
  'status 206 and Content-Range': {
    answer: ({ query }) => {
      const from = number(query, 'offset', 0);
      const range = `items ${from}-${from + page(from).length - 1}/${total}`;
      return { body: page(from), headers: { 'content-range': range }, status: more(from) ? 206 : 200 };
    },
    tuned: { pagination: { type: 'offset', limit: size } },
  },
  'X-Next-Page and X-Total': {
    answer: ({ query }) => {
      const at = number(query, 'page', 1);
      const from = (at - 1) * size;
      return {
        body: page(from),
        headers: { 'x-total': String(total), 'x-next-page': more(from) ? String(at + 1) : '' },
      };
    },
    tuned: { pagination: { type: 'page_number', total_header: 'X-Total' } },
  },
  'X-WP-TotalPages': {
    answer: ({ query }) => {
      const from = (number(query, 'page', 1) - 1) * size;
      if (from >= total) return { body: { code: 'rest_post_invalid_page_number', message: 'x' }, status: 400 };
      return { body: page(from), headers: { 'x-wp-total': String(total), 'x-wp-totalpages': '3' } };
    },
    tuned: { pagination: { type: 'page_number', end_statuses: [400] } },
  },
  'a JSON header X-Pagination': {
    answer: ({ query }) => {
      const from = (number(query, 'pageNumber', 1) - 1) * size;
      const header = JSON.stringify({ TotalCount: total, HasNext: more(from) });
      return { body: page(from), headers: { 'x-pagination': header } };
    },
    tuned: { pagination: { type: 'page_number', page_param: 'pageNumber' } },
  },
  'meta.next_token and result_count': {
    rows: '$.data',
    answer: ({ query }) => {
      const from = number(query, 'pagination_token', 0);
      const next = more(from) ? { next_token: String(from + size) } : {};
      return { body: { data: page(from), meta: { result_count: page(from).length, ...next } } };
    },
    tuned: cursor('pagination_token', '$.meta.next_token'),
  },
  'paging.cursors that stay': {
    rows: '$.data',
    answer: ({ origin, path, query }) => {
      const from = number(query, 'after', 0);
      const next = more(from) ? { next: `${origin}${path}?after=${from + size}` } : {};
      return { body: { data: page(from), paging: { cursors: { before: 'b', after: String(from + size) }, ...next } } };
    },
    tuned: { pagination: { type: 'next_url', next_path: '$.paging.next' } },
  },
  'data.after': {
    rows: '$.data.children[*].data',
    answer: ({ query }) => {
      const from = Number(query.get('after')?.slice(3) ?? 0);
      const children = page(from).map((data) => ({ kind: 't3', data }));
      return { body: { kind: 'Listing', data: { after: more(from) ? `t3_${from + size}` : null, children } } };
    },
    tuned: cursor('after', '$.data.after'),
  },
  LastEvaluatedKey: {
    rows: '$.Items',
    answer: ({ body }) => {
      const from = Number((body.ExclusiveStartKey as Loose | undefined)?.id ?? 0);
      const last = more(from) ? { LastEvaluatedKey: { id: from + size } } : {};
      return { body: { Items: page(from), Count: page(from).length, ...last } };
    },
    naked: post,
    tuned: { ...post, ...cursor('ExclusiveStartKey', '$.LastEvaluatedKey', { in: 'body' }) },
  },
  'total, skip and limit': {
    rows: '$.items',
    answer: ({ query }) => ({
      body: { total, skip: number(query, 'skip', 0), limit: size, items: page(number(query, 'skip', 0)) },
    }),
    tuned: { pagination: { type: 'offset', offset_param: 'skip', limit: size, total_path: '$.total' } },
  },
  exceededTransferLimit: {
    rows: '$.features[*].attributes',
    answer: ({ query }) => {
      const from = number(query, 'resultOffset', 0);
      const features = page(from).map((attributes) => ({ attributes }));
      return { body: { fields: [], ...(more(from) ? { exceededTransferLimit: true } : {}), features } };
    },
    tuned: {
      pagination: {
        type: 'offset',
        offset_param: 'resultOffset',
        limit_param: 'resultRecordCount',
        limit: size,
        has_more_path: '$.exceededTransferLimit',
      },
    },
  },
  'isLast and startAt': {
    rows: '$.values',
    answer: ({ query }) => {
      const startAt = number(query, 'startAt', 0);
      return { body: { startAt, maxResults: size, isLast: !more(startAt), values: page(startAt) } };
    },
    tuned: { pagination: { type: 'offset', offset_param: 'startAt', limit_param: 'maxResults', limit: size } },
  },
  'Next-Range': {
    answer: ({ headers }) => {
      const from = Number(/id (\d+)/.exec(String(headers.range ?? ''))?.[1] ?? 0);
      const next = more(from) ? { 'next-range': `id ${from + size}..; max=3` } : {};
      return { body: page(from), headers: next, status: more(from) ? 206 : 200 };
    },
    tuned: { pagination: { type: 'cursor', in: 'header', cursor_param: 'Range', cursor_header: 'Next-Range' } },
  },
  'a bare list as long as the limit that was asked for': {
    answer: ({ query }) => ({ body: stock.rows.slice(number(query, '$offset', 0), number(query, '$offset', 0) + 3) }),
    naked: { params: { $limit: 3 } },
    tuned: { pagination: { type: 'offset', offset_param: '$offset', limit_param: '$limit', limit: size } },
  },
};
