import type { ServerResponse } from 'node:http';
import type { SeenRequest } from './extract-setup.ts';
import { sendJson } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

export const pageSize = 5;
export const allRows: readonly Loose[] = Array.from({ length: 23 }, (_, index) => ({ id: index + 1 }));

/** Where a request carries a parameter. */
function parameter(request: SeenRequest, place: string, name: string): string | undefined {
  if (place === 'header') return request.headers[name] as string | undefined;
  if (place === 'query') return request.url.searchParams.get(name) ?? undefined;
  const value = (JSON.parse(request.body) as Loose)[name];
  return value === undefined ? undefined : String(value);
}

/** How an API deals out its pages: the settings that read it, and what it answers. */
export interface PagedApi {
  readonly pagination: Loose;
  readonly method: 'GET' | 'POST';
  /** The first row of the page that is asked for, from 0. */
  readonly offset: (request: SeenRequest) => number;
  /** What of the answer leads to the page that begins at `next`; undefined behind the last one. */
  readonly lead: (
    next: number | undefined,
    request: SeenRequest,
  ) => { readonly body?: Loose; readonly headers?: Record<string, string> };
}

const nothing = { lead: () => ({}) };
const methodFor = (place: string): 'GET' | 'POST' => (place === 'body' ? 'POST' : 'GET');

export const pagers: Readonly<Record<string, PagedApi>> = {
  ...Object.fromEntries(
    ['query', 'header', 'body'].flatMap((place) => [
      [
        `page numbers in the ${place}`,
        {
          pagination: { type: 'page_number', in: place, page_param: 'page', size_param: 'size', page_size: pageSize },
          method: methodFor(place),
          offset: (request) =>
            (Number(parameter(request, place, 'page')) - 1) * Number(parameter(request, place, 'size')),
          ...nothing,
        } satisfies PagedApi,
      ],
      [
        `offsets in the ${place}`,
        {
          pagination: { type: 'offset', in: place, limit: pageSize },
          method: methodFor(place),
          offset: (request) => Number(parameter(request, place, 'offset')),
          ...nothing,
        } satisfies PagedApi,
      ],
      [
        `cursors of the body in the ${place}`,
        {
          pagination: { type: 'cursor', in: place, cursor_param: 'after', cursor_path: '$.meta.next' },
          method: methodFor(place),
          offset: (request) => Number(parameter(request, place, 'after')?.slice(1) ?? 0),
          lead: (next) => ({ body: { meta: { next: next === undefined ? null : `c${next}` } } }),
        } satisfies PagedApi,
      ],
    ]),
  ),
  'page numbers from 0': {
    pagination: { type: 'page_number', first_page: 0 },
    method: 'GET',
    offset: (request) => Number(request.url.searchParams.get('page')) * pageSize,
    ...nothing,
  },
  'cursors of a header': {
    pagination: { type: 'cursor', cursor_header: 'X-Next' },
    method: 'GET',
    offset: (request) => Number(request.url.searchParams.get('cursor') ?? 0),
    lead: (next) => ({ headers: next === undefined ? {} : { 'x-next': String(next) } }),
  },
  'cursors that are numbers': {
    pagination: { type: 'cursor', cursor_path: 'next' },
    method: 'GET',
    offset: (request) => Number(request.url.searchParams.get('cursor') ?? 0) % 1_000,
    lead: (next) => ({ body: next === undefined ? {} : { next: next + 9_007_199_254_740_000 } }),
  },
  'Link headers': {
    pagination: { type: 'link_header' },
    method: 'GET',
    offset: (request) => Number(request.url.searchParams.get('o') ?? 0),
    lead: (next, { url }) => ({
      headers: {
        link: `<${url.origin}/first>; rel="first"${next === undefined ? '' : `, <${url.pathname}?a=1,2;3&o=${next}>; title="a, \\"b\\""; rel="next last"`}`,
      },
    }),
  },
  'URLs in the body': {
    pagination: { type: 'next_url', next_path: '$.paging.next' },
    method: 'GET',
    offset: (request) => Number(request.url.searchParams.get('o') ?? 0),
    lead: (next, { url }) => ({
      body: { paging: next === undefined ? {} : { next: `${url.origin}${url.pathname}?o=${next}` } },
    }),
  },
  'relative URLs in the body': {
    pagination: { type: 'next_url' },
    method: 'GET',
    offset: (request) => Number(request.url.searchParams.get('o') ?? 0),
    lead: (next) => ({ body: { next: next === undefined ? '' : `?o=${next}` } }),
  },
};

/** How pages end: what the settings add, and what the API says on each page. */
export interface Stop {
  readonly settings: Loose;
  readonly says: (offset: number, rows: number) => { readonly body?: Loose; readonly headers?: Record<string, string> };
  /** Answers behind the last row, where the stop is not seen before. */
  readonly fits: (pager: Loose) => boolean;
}

const total = allRows.length;

/** Whether the pages are counted by the one who asks, and nothing in an answer leads on. */
export const isCounted = (pager: Loose): boolean => pager.type === 'page_number' || pager.type === 'offset';

export const stops: Readonly<Record<string, Stop>> = {
  'what leads on is missing, or the page is empty': { settings: {}, says: () => ({}), fits: () => true },
  'the total is reached': { settings: { total_path: '$.total' }, says: () => ({ body: { total } }), fits: isCounted },
  'the total is reached, which is a text': {
    settings: { total_path: '$.total' },
    says: () => ({ body: { total: String(total) } }),
    fits: isCounted,
  },
  'the total of a header is reached': {
    settings: { total_header: 'X-Total-Count' },
    says: () => ({ headers: { 'x-total-count': String(total) } }),
    fits: isCounted,
  },
  'the total of pages is reached': {
    settings: { total_pages_path: 'pages' },
    says: () => ({ body: { pages: '5' } }),
    fits: (pager) => pager.type === 'page_number',
  },
  'a flag says so': {
    settings: { has_more_path: '$.has_more' },
    says: (offset, rows) => ({ body: { has_more: offset + rows < total } }),
    fits: () => true,
  },
  'a flag that is a text says so': {
    settings: { has_more_path: '$.has_more' },
    says: (offset, rows) => ({ body: { has_more: offset + rows < total ? 'true' : 'false' } }),
    fits: () => true,
  },
};

/** Answers one request of a paged API. */
export function answerPage(pager: PagedApi, stop: Stop, request: SeenRequest, response: ServerResponse): void {
  const offset = pager.offset(request);
  const rows = allRows.slice(offset, offset + pageSize);
  const next = offset + pageSize < total ? offset + pageSize : undefined;
  const lead = pager.lead(next, request);
  const said = stop.says(offset, rows.length);
  sendJson(response, { results: rows, ...lead.body, ...said.body }, { ...lead.headers, ...said.headers });
}
