import { more, number, page, type Shape, size, total } from './shape.ts';

/** APIs that give the URL of the next page, in the body or in a header. */
export const urlShapes: Readonly<Record<string, Shape>> = {
  'a list with Link headers': {
    answer: ({ origin, path, query }) => {
      const at = number(query, 'page', 1);
      const link = `<${origin}${path}?page=${at + 1}>; rel="next", <${origin}${path}?page=3>; rel="last"`;
      return { body: page((at - 1) * size), headers: more((at - 1) * size) ? { link } : {} };
    },
    tuned: { pagination: { type: 'link_header' } },
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
  'count, next and previous': {
    answer: ({ origin, path, query }) => {
      const from = number(query, 'offset', 0);
      const next = more(from) ? `${origin}${path}?offset=${from + size}` : null;
      return { body: { count: total, next, previous: null, results: page(from) } };
    },
    tuned: { pagination: { type: 'next_url' } },
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
  'paging.cursors that stay': {
    rows: '$.data',
    answer: ({ origin, path, query }) => {
      const from = number(query, 'after', 0);
      const next = more(from) ? { next: `${origin}${path}?after=${from + size}` } : {};
      return { body: { data: page(from), paging: { cursors: { before: 'b', after: String(from + size) }, ...next } } };
    },
    tuned: { pagination: { type: 'next_url', next_path: '$.paging.next' } },
  },
};
