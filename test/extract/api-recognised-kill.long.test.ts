import { expect, it } from 'vitest';
import { type Respond, type SeenRequest, sendJson } from './extract-setup.ts';
import { killAtEachRequest } from './kill-everywhere.ts';

type Loose = Readonly<Record<string, unknown>>;

const rows = Array.from({ length: 17 }, (_, id) => ({ id }));
const size = 4;

/** An API that finds out where a page begins, and says of it what it says. */
interface PagedShape {
  readonly source?: Loose;
  /** The place of the page's first row. */
  readonly begin: (request: SeenRequest) => number;
  readonly answer: (page: readonly Loose[], begin: number) => unknown;
  readonly headers?: (end: number, url: string) => Record<string, string>;
}

const ofQuery =
  (name: string) =>
  ({ url }: SeenRequest): number =>
    Number(url.searchParams.get(name) ?? 0);
const isMore = (begin: number): boolean => begin + size < rows.length;
const cursorOf = (begin: number): string | null => (isMore(begin) ? `${begin + size}` : null);

const shapes: Readonly<Record<string, PagedShape>> = {
  'the URL of the next page, relative': {
    begin: ofQuery('from'),
    answer: (page, begin) => ({ results: page, next: isMore(begin) ? `/rows?from=${begin + size}` : null }),
  },
  'a Link header': {
    begin: ofQuery('from'),
    answer: (page) => page,
    headers: (end, url) => (end < rows.length ? { link: `<${url}/rows?from=${end}>; rel="next"` } : {}),
  },
  'a cursor and a flag': {
    begin: ofQuery('cursor'),
    answer: (page, begin) => ({ results: page, next_cursor: cursorOf(begin), has_more: isMore(begin) }),
  },
  'a cursor that another parameter takes than the first that is tried': {
    begin: ofQuery('next_cursor'),
    answer: (page, begin) => ({ results: page, next_cursor: cursorOf(begin), has_more: isMore(begin) }),
  },
  'the cursor of a GraphQL query': {
    source: {
      method: 'POST',
      body: { query: 'query ($after: String) { rows(after: $after) { nodes { id } } }', variables: {} },
      records_path: '$.data.rows.nodes',
    },
    begin: ({ body }) => Number((JSON.parse(body) as { variables: { after?: string } }).variables.after ?? 0),
    answer: (page, begin) => ({
      data: { rows: { nodes: page, pageInfo: { hasNextPage: isMore(begin), endCursor: cursorOf(begin) } } },
    }),
  },
  'a total, and the number of the page in the request': {
    source: { params: { page: 1 } },
    begin: ({ url }) => (Number(url.searchParams.get('page')) - 1) * size,
    answer: (page) => ({ total: rows.length, results: page }),
  },
  'a total, and the offset in the response': {
    begin: ofQuery('offset'),
    answer: (page, begin) => ({ total: rows.length, offset: begin, limit: size, results: page }),
  },
  'a number of pages, and nothing in the request': {
    begin: ({ url }) => (Number(url.searchParams.get('page') ?? 1) - 1) * size,
    answer: (page) => ({ total_pages: Math.ceil(rows.length / size), results: page }),
  },
};

it.each(Object.entries(shapes))(
  'pages that are recognised by %s, killed at any request, give every row once',
  async (_, { answer, begin, headers, source }) => {
    const respond: Respond = (request, response) => {
      const at = begin(request);
      const page = rows.slice(at, at + size);
      sendJson(response, answer(page, at), headers?.(at + size, request.url.origin) ?? {});
    };
    const whole = { source_type: 'api', endpoint: 'rows', load_mode: 'replace', key_columns: ['id'], ...source };
    const outcome = await killAtEachRequest(whole, () => respond);
    expect(outcome.rows).toEqual(rows);
    expect(outcome.requests).toBeGreaterThanOrEqual(Math.ceil(rows.length / size));
  },
);
