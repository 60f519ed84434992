import { cursor, type Loose, more, number, page, post, type Shape, size, stock, total } from './shape.ts';

/** APIs whose next page is asked for by a cursor or token of the page before. */
export const cursorShapes: Readonly<Record<string, Shape>> = {
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
  'pages.next as an object': {
    rows: '$.data',
    answer: ({ query }) => {
      const from = number(query, 'starting_after', 0);
      const next = more(from) ? { next: { page: 2, starting_after: String(from + size) } } : {};
      return { body: { type: 'list', data: page(from), pages: { type: 'pages', total_pages: 3, ...next } } };
    },
    tuned: cursor('starting_after', '$.pages.next.starting_after'),
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
  'Next-Range': {
    answer: ({ headers }) => {
      const from = Number(/id (\d+)/.exec(String(headers.range ?? ''))?.[1] ?? 0);
      const next = more(from) ? { 'next-range': `id ${from + size}..; max=3` } : {};
      return { body: page(from), headers: next, status: more(from) ? 206 : 200 };
    },
    tuned: { pagination: { type: 'cursor', in: 'header', cursor_param: 'Range', cursor_header: 'Next-Range' } },
  },
};
