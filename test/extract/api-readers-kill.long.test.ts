import { expect, it } from 'vitest';
import { type Respond, sendJson } from './extract-setup.ts';
import { killAtEachRequest } from './kill-everywhere.ts';

const hour = 3_600_000;
const rows = Array.from({ length: 40 }, (_, id) => ({
  id,
  of: (id % 3) + 1,
  at: new Date(Date.UTC(2026, 9, 25) + id * 4 * hour).toISOString().replace('.000', ''),
}));

/** A search between two bounds, of one parent or of all, that knows no more than seven results. */
const search: Respond = ({ url }, response) => {
  if (url.pathname === '/parents') return sendJson(response, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  const parent = Number(url.pathname.split('/')[2]);
  const [since = '', until = ''] = ['since', 'until'].map((name) => url.searchParams.get(name) ?? '');
  const found = rows.filter(({ at, of }) => at >= since && at < until && (Number.isNaN(parent) || of === parent));
  const page = Number(url.searchParams.get('page'));
  sendJson(response, { total: found.length, results: found.slice(0, 7).slice((page - 1) * 3, page * 3) });
};

const source = {
  source_type: 'api',
  endpoint: 'rows',
  pagination: { type: 'page_number', total_path: '$.total' },
  incremental: {
    cursor_column: 'at',
    initial_value: '2026-10-25T00:00:00Z',
    start_param: 'since',
    end_param: 'until',
    window: '3 days',
    split_when: { total_over: 7 },
    end: 'now-1h',
  },
};

it('slices that are halved, killed at any request, give every row once and the same watermark', async () => {
  const outcome = await killAtEachRequest(source, () => search);
  expect(outcome.rows).toEqual(rows);
});

it.each([1, 4])(
  'slices of each of some parents, %i at once, killed at any request, give every row once',
  async (concurrency) => {
    const parented = { ...source, endpoint: 'of/{parent.id}', parent: { endpoint: 'parents' }, concurrency };
    const outcome = await killAtEachRequest(parented, () => search);
    expect([...outcome.rows].sort((a, b) => Number(a.id) - Number(b.id))).toEqual(rows);
  },
);

/** Organisations with teams with members, two a page. */
const organisation: Respond = ({ url }, response) => {
  const [, , org, , team] = url.pathname.split('/');
  const page = Number(url.searchParams.get('page'));
  const all = [1, 2, 3].map((id) => ({ id: [org, team, id].filter((part) => part !== undefined).join('-') }));
  sendJson(response, { results: all.slice((page - 1) * 2, page * 2), pages: 2 });
};

it.each([1, 3])(
  'endpoints below endpoints, %i partitions at once, killed at any request, give every row once',
  async (concurrency) => {
    const paged = { pagination: { type: 'page_number', total_pages_path: '$.pages' } };
    const nested = {
      source_type: 'api',
      endpoint: 'orgs/{parent.parent.id}/teams/{parent.id}/members',
      concurrency,
      ...paged,
      for_each: { endpoint: 'orgs/{parent.id}/teams', ...paged, for_each: { endpoint: 'orgs', ...paged } },
    };
    const outcome = await killAtEachRequest(nested, () => organisation);
    expect(outcome.rows).toHaveLength(27);
    expect(new Set(outcome.rows.map(({ id }) => id)).size).toBe(27);
  },
);

it('batches of values, killed at any request, give every row once', async () => {
  const values = Array.from({ length: 40 }, (_, id) => id);
  const batched = { source_type: 'api', endpoint: 'rows', params: { ids: '{batch:6}' }, for_each: values };
  const outcome = await killAtEachRequest(
    batched,
    () =>
      ({ url }, response) =>
        sendJson(
          response,
          (url.searchParams.get('ids') ?? '').split(',').map((id) => ({ id: Number(id) })),
        ),
  );
  expect(outcome.rows).toEqual(values.map((id) => ({ id })));
});
