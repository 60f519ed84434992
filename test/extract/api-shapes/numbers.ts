import { more, number, page, type Shape, size, stock, total } from './shape.ts';

/** APIs whose pages are asked for by their number or by an offset. */
export const numberShapes: Readonly<Record<string, Shape>> = {
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
  'a list of a head and the rows': {
    rows: '$[1][*]',
    answer: ({ query }) => {
      const at = number(query, 'page', 1);
      return { body: [{ page: at, pages: 3, per_page: '3', total }, page((at - 1) * size)] };
    },
    tuned: { pagination: { type: 'page_number', total_pages_path: '$[0].pages' } },
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
  'meta.last_page and links.next': {
    rows: '$.data',
    answer: ({ query }) => {
      const at = number(query, 'page', 1);
      const links = { first: '?page=1', next: at < 3 ? `?page=${at + 1}` : null };
      return { body: { data: page((at - 1) * size), links, meta: { current_page: at, last_page: 3, total } } };
    },
    tuned: { pagination: { type: 'page_number', total_pages_path: '$.meta.last_page' } },
  },
  'total_items by offset': {
    rows: '$.lists',
    answer: ({ query }) => ({ body: { lists: page(number(query, 'offset', 0)), total_items: total, _links: [] } }),
    tuned: { pagination: { type: 'offset', limit_param: 'count', limit: size, total_path: '$.total_items' } },
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
  'a bare list as long as the limit that was asked for': {
    answer: ({ query }) => ({ body: stock.rows.slice(number(query, '$offset', 0), number(query, '$offset', 0) + 3) }),
    naked: { params: { $limit: 3 } },
    tuned: { pagination: { type: 'offset', offset_param: '$offset', limit_param: '$limit', limit: size } },
  },
};
