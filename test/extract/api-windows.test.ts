import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { Watermark } from '../../lib/manifest.ts';
import { type Respond, readRows, sendJson, setup, startApi } from './extract-setup.ts';
import { killAtEachRequest } from './kill-everywhere.ts';

type Loose = Readonly<Record<string, unknown>>;

/** The clock of the tests stands at 2026-11-01T00:00:00Z. */
const day = 86_400_000;
const start = Date.UTC(2026, 9, 25);
/** Rows every three hours of the last week, the more the later the day. */
const rows = Array.from({ length: 7 }, (_, index) =>
  Array.from({ length: index + 1 }, (_unused, at) => ({
    id: index * 10 + at,
    at: new Date(start + index * day + at * 3 * 3_600_000).toISOString().replace('.000', ''),
  })),
).flat();

const pageSize = 2;

/** A search between two bounds, by pages, that knows no more than `cap` results. */
function search(cap = Infinity, all: () => readonly Loose[] = () => rows): Respond {
  return ({ url }, response) => {
    const [since = '', until = ''] = ['since', 'until'].map((name) => url.searchParams.get(name) ?? '');
    const found = all().filter(({ at }) => String(at) >= since && String(at) < until);
    const page = Number(url.searchParams.get('page'));
    const results = found.slice(0, cap).slice((page - 1) * pageSize, page * pageSize);
    sendJson(response, { total: found.length, results });
  };
}

const incremental = {
  cursor_column: 'at',
  initial_value: '2026-10-25T00:00:00Z',
  start_param: 'since',
  end_param: 'until',
  window: '1 day',
};
const source = {
  source_type: 'api',
  endpoint: 'rows',
  pagination: { type: 'page_number', total_path: '$.total' },
  incremental,
};

async function run(settings: Loose, answer: Respond, watermark?: Watermark) {
  const api = await startApi(answer);
  const { request } = setup(settings, { base_url: api.url }, { watermark });
  const manifest = await extract(request);
  const asked = api.seen.map(({ url }) => `${url.searchParams.get('since')} ${url.searchParams.get('until')}`);
  return { rows: await readRows(request, manifest), manifest, asked: [...new Set(asked)] };
}

describe('a source read by slices of time', () => {
  it('is asked for each slice by both bounds, and for its pages, and every row comes once', async () => {
    const outcome = await run(source, search());
    expect(outcome.rows).toEqual(rows);
    expect(outcome.asked).toHaveLength(7);
    expect(outcome.asked[0]).toBe('2026-10-25T00:00:00Z 2026-10-26T00:00:00Z');
    expect(outcome.asked[6]).toBe('2026-10-31T00:00:00Z 2026-11-01T00:00:00Z');
    expect(outcome.manifest.watermark).toMatchObject({ value: '2026-10-31T18:00:00Z', boundary_rows: 1 });
  });

  it.each([
    ['insert', {}],
    ['upsert', { load_mode: 'upsert', key_columns: ['id'] }],
  ])(
    'goes on from its watermark on the next day, with rows that are new, late, changed and none, by %s',
    async (mode, load) => {
      const first = await run({ ...source, ...load }, search());
      const more = [
        { id: 90, at: '2026-10-31T18:00:00Z' },
        { id: 91, at: '2026-10-31T23:00:00Z' },
      ];
      const second = await run(
        { ...source, ...load },
        search(Infinity, () => [...rows, ...more]),
        first.manifest.watermark,
      );
      expect(second.asked[0]).toBe('2026-10-31T18:00:00Z 2026-11-01T00:00:00Z');
      const again = rows.filter(({ at }) => at >= '2026-10-31T18:00:00Z');
      expect(second.rows.map(({ id }) => id).sort()).toEqual(
        [...(mode === 'insert' ? [] : again.map(({ id }) => id)), 90, 91].sort(),
      );
      const third = await run(
        { ...source, ...load },
        search(Infinity, () => [...rows, ...more]),
        second.manifest.watermark,
      );
      expect(third.rows.map(({ id }) => id)).toEqual(mode === 'insert' ? [] : [91]);
      expect(third.manifest.watermark).toEqual(second.manifest.watermark);
    },
  );

  it('whose slices have too many results halves them until the API gives all', async () => {
    const split = { ...source, incremental: { ...incremental, window: '4 days', split_when: { total_over: 4 } } };
    const outcome = await run(split, search(4));
    expect(outcome.rows).toEqual(rows);
    expect(outcome.asked.length).toBeGreaterThan(7);
    const same = rows.map((row) => ({ ...row, at: '2026-10-30T10:00:00Z' }));
    await expect(
      run(
        split,
        search(4, () => same),
      ),
    ).rejects.toMatchObject({
      code: 'window_too_full',
      message: expect.stringContaining('28 items, more than incremental.split_when.total_over (4)'),
    });
  });

  it('halves slices of which the API says that it leaves rows out, and its lists are none', async () => {
    const cut: Respond = ({ url }, response) => {
      if (url.pathname === '/teams') return sendJson(response, { results: [{ id: 1 }], request_status: 'incomplete' });
      const [since = '', until = ''] = ['since', 'until'].map((name) => url.searchParams.get(name) ?? '');
      const found = rows.filter(({ at }) => at >= since && at < until);
      const request_status = found.length > 4 ? { type: 'incomplete', incomplete_reason: 'limit_reached' } : undefined;
      sendJson(response, { results: found.slice(0, 4), has_more: false, request_status });
    };
    const settings = { ...source, pagination: { type: 'none' } };
    await expect(run(settings, cut)).rejects.toMatchObject({
      code: 'api_pages_unread',
      message: expect.stringContaining('$.request_status.incomplete_reason'),
    });
    const condition = "$.request_status.type == 'incomplete' || $.request_status == 'incomplete'";
    const split = { ...settings, incremental: { ...incremental, window: '4 days', split_when: { condition } } };
    expect((await run(split, cut)).rows).toEqual(rows);
    const listed = { ...split, endpoint: 'of/{parent.id}', for_each: { endpoint: 'teams' } };
    expect((await run(listed, cut)).rows).toEqual(rows);
    const second = { ...split, incremental: { ...split.incremental, split_when: { condition: '$.results' } } };
    await expect(run(second, cut)).rejects.toMatchObject({
      code: 'window_too_full',
      message: expect.stringContaining('leaves rows out by incremental.split_when.condition'),
    });
  });

  it('ends where the configuration says, and its watermark moves there whatever rows there are', async () => {
    const ending = { ...source, incremental: { ...incremental, end: 'now-1d' } };
    const first = await run(ending, search());
    expect(first.rows).toEqual(rows.filter(({ at }) => at < '2026-10-31'));
    expect(first.manifest.watermark).toMatchObject({ value: '2026-10-31T00:00:00Z', boundary_rows: 0 });
    const second = await run(
      { ...source, incremental: { ...incremental, end: 'now' } },
      search(),
      first.manifest.watermark,
    );
    expect(second.rows.map(({ id }) => id).sort()).toEqual([60, 61, 62, 63, 64, 65, 66]);
    expect(second.asked).toEqual(['2026-10-31T00:00:00Z 2026-11-01T00:00:00Z']);
    const none = await run(
      ending,
      search(Infinity, () => []),
    );
    expect(none.manifest.watermark).toMatchObject({ value: '2026-10-31T00:00:00Z', boundary_rows: 0 });
    const nothingLeft = await run(ending, search(), none.manifest.watermark);
    expect(nothingLeft).toMatchObject({ rows: [], asked: [] });
    expect(nothingLeft.manifest.watermark).toEqual(none.manifest.watermark);
  });

  it('asks over more than its step where windows are longer, and takes each row once', async () => {
    const outcome = await run(
      { ...source, incremental: { ...incremental, window: '2 days', step: '1 day' } },
      search(),
    );
    expect(outcome.rows).toEqual(rows);
    expect(outcome.asked[0]).toBe('2026-10-25T00:00:00Z 2026-10-27T00:00:00Z');
    expect(outcome.asked).toHaveLength(7);
  });

  it('takes each row once also where the API makes nothing of the bounds, or knows days only', async () => {
    const all = await run(source, (_request, response) => sendJson(response, { total: rows.length, results: rows }));
    expect(all.rows).toEqual(rows);
    const days = rows.map(({ at, id }) => ({ id, at: at.slice(0, 10) }));
    const settings = {
      ...source,
      pagination: { type: 'none' },
      incremental: { ...incremental, initial_value: '2026-10-25', window: '36 hours', end: 'now-6h' },
    };
    const inclusive: Respond = ({ url }, response) => {
      const [since = '', until = ''] = ['since', 'until'].map((name) => url.searchParams.get(name) ?? '');
      sendJson(
        response,
        days.filter(({ at }) => at >= since && at <= until),
      );
    };
    const outcome = await run(settings, inclusive);
    expect(outcome.rows).toEqual(days);
    expect(outcome.manifest.watermark).toMatchObject({ value: '2026-10-31', boundary_rows: 7 });
    for (const asked of outcome.asked) expect(asked).toMatch(/^\d{4}-\d\d-\d\d \d{4}-\d\d-\d\d$/);
  });

  it('writes the bounds of a slice into a query language and in the formats of the API', async () => {
    const outcome = await run(
      {
        ...source,
        pagination: { type: 'none' },
        params: { q: 'at >= {window.start:epoch_seconds} and at < {window.end:epoch_seconds}' },
        incremental: { ...incremental, start_param: undefined, end_param: undefined, window: '84 hours' },
      },
      ({ url }, response) => {
        const [from = 0, to = 0] = [...(url.searchParams.get('q') ?? '').matchAll(/\d+/g)].map(Number);
        sendJson(
          response,
          rows.filter(({ at }) => Date.parse(at) >= from * 1_000 && Date.parse(at) < to * 1_000),
        );
      },
    );
    expect(outcome.rows).toEqual(rows);
  });

  it('reads the range of a backfill by slices, and leaves the watermark alone', async () => {
    const api = await startApi(search());
    const range = { from: '2026-10-26T00:00:00Z', to: '2026-10-28T00:00:00Z' };
    const { request } = setup(source, { base_url: api.url }, { range });
    const manifest = await extract(request);
    expect(await readRows(request, manifest)).toEqual(rows.filter(({ at }) => at >= range.from && at < range.to));
    expect(new Set(api.seen.map(({ url }) => url.searchParams.get('since'))).size).toBe(2);
    expect(manifest.watermark).toBeUndefined();
  });

  it('killed at any request goes on with every row once and the same watermark', async () => {
    const few = { ...incremental, initial_value: '2026-10-30T00:00:00Z', split_when: { total_over: 6 }, end: 'now-1h' };
    const outcome = await killAtEachRequest({ ...source, incremental: few }, () => search(6));
    expect(outcome.rows).toEqual(rows.filter(({ at }) => at >= '2026-10-30'));
    expect(outcome.requests).toBeGreaterThan(7);
  });

  it('of each parent has slices and a watermark of its own', async () => {
    const parented = { ...source, endpoint: 'of/{parent.id}', parent: { endpoint: 'parents', include: { of: 'id' } } };
    const answers = (): Respond => (request, response, count) => {
      if (request.url.pathname === '/parents') return sendJson(response, [{ id: 1 }, { id: 2 }, { id: 3 }]);
      const parent = Number(request.url.pathname.split('/')[2]);
      return search(Infinity, () => rows.filter(({ id }) => id % 3 === parent - 1))(request, response, count);
    };
    const { manifest, rows: read } = await run(parented, answers());
    expect(read).toHaveLength(rows.length);
    expect(Object.values(manifest.watermark?.parents ?? {}).map(({ value }) => value)).toHaveLength(3);
  });
});
