import { describe, expect, it } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import type { Watermark } from '../../../lib/manifest.ts';
import { readRows, type SeenRequest, sendJson, setup, startApi } from '../extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

/** How a public API gives what is new, in a small copy: four rows, the last two of them on the second day. */
interface DailyShape {
  readonly answer: (day: 1 | 2, request: SeenRequest) => unknown;
  readonly cursor: string;
  /** What its documentation says besides the name of the column. */
  readonly tuned: Loose;
  readonly source?: Loose;
}

const ids = (day: 1 | 2): readonly number[] => (day === 1 ? [1, 2] : [1, 2, 3, 4]);
const since = (request: SeenRequest): string | null => request.url.searchParams.get('since');
const bodyOf = (request: SeenRequest): Loose => JSON.parse(request.body || '{}') as Loose;
const rowsBy = (field: string, values: readonly unknown[], day: 1 | 2): Loose[] =>
  ids(day).map((id) => ({ id, [field]: values[id - 1] }));

const shapes: Readonly<Record<string, DailyShape>> = {
  'American dates, of which only the newest are kept': {
    answer: (day) => rowsBy('d', ['12/30/2024', '12/31/2024', '01/02/2025', '01/03/2025'], day).slice(-2),
    cursor: 'd',
    tuned: { cursor_format: '%m/%d/%Y' },
  },
  'seconds, asked for by ISO 8601': {
    answer: (day, request) => {
      const from = since(request) === null ? 0 : Date.parse(since(request) ?? '') / 1_000;
      const rows = ids(day).map((id) => ({ id, ts: 1_700_000_000 + id }));
      return Number.isNaN(from) || /^\d+$/.test(since(request) ?? '') ? [] : rows.filter(({ ts }) => ts >= from);
    },
    cursor: 'ts',
    tuned: { cursor_format: 'epoch_seconds', start_param: 'since', param_format: 'iso8601' },
  },
  'milliseconds, asked for by seconds': {
    answer: (day, request) =>
      ids(day)
        .map((id) => ({ id, ms: 1_700_000_000_000 + id }))
        .filter(({ ms }) => ms / 1_000 >= Number(since(request))),
    cursor: 'ms',
    tuned: { cursor_format: 'epoch_milliseconds', start_param: 'since', param_format: 'epoch_seconds' },
  },
  'a number in a body that has to be a number': {
    answer: (day, request) => {
      const { since: from } = bodyOf(request);
      if (from !== undefined && typeof from !== 'number') return { errors: [{ message: 'Int cannot represent' }] };
      return ids(day)
        .map((id) => ({ id }))
        .filter(({ id }) => id >= Number(from ?? 0));
    },
    cursor: 'id',
    tuned: { start_param: 'since', in: 'body' },
    source: { method: 'POST' },
  },
  'times of HTTP': {
    answer: (day) =>
      rowsBy(
        'm',
        [1, 2, 3, 4].map((n) => new Date(Date.UTC(2025, n, 1)).toUTCString()),
        day,
      ),
    cursor: 'm',
    tuned: { cursor_format: 'http_date' },
  },
  'times of an old JSON library': {
    answer: (day) => rowsBy('m', ['/Date(99)/', '/Date(990)/', '/Date(1000)/', '/Date(100000)/'], day),
    cursor: 'm',
    tuned: { cursor_format: 'json_date' },
  },
  'an end of time among the first': {
    answer: (day) =>
      rowsBy(
        'u',
        ['2025-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2025-01-02T00:00:00Z', '2025-01-03T00:00:00Z'],
        day,
      ),
    cursor: 'u',
    tuned: {},
  },
  'nothing but old rows, and an error in place of the new ones': {
    answer: (day) =>
      day === 1 ? rowsBy('u', ['2025-01-01', '2025-01-02'], 1) : { status: 'error', message: 'quota', results: [] },
    cursor: 'u',
    tuned: {},
  },
  'a second page on the second day, of which a total tells': {
    answer: (day) => ({
      total: ids(day).length,
      results: rowsBy('u', ['2025-01-01', '2025-01-02', '2025-01-03', '2025-01-04'], day).slice(0, 3),
    }),
    cursor: 'u',
    tuned: {},
  },
};

async function twoDays({ answer, cursor, source }: DailyShape, incremental: Loose, load: Loose) {
  let day: 1 | 2 = 1;
  const api = await startApi((request, response) => sendJson(response, JSON.stringify(answer(day, request))));
  const settings = {
    source_type: 'api',
    endpoint: 'x',
    ...source,
    ...load,
    incremental: { cursor_column: cursor, ...incremental },
  };
  const found = new Map<unknown, number>();
  let watermark: Watermark | undefined;
  let said = false;
  for (; day <= 2; day += 1 as 1) {
    const { request } = setup(settings, { base_url: api.url }, { watermark });
    try {
      const manifest = await extract(request);
      said ||= (manifest.warnings ?? []).some((warning) => !warning.includes('ahead of time'));
      for (const { id } of await readRows(request, manifest)) found.set(id, (found.get(id) ?? 0) + 1);
      watermark = manifest.watermark;
    } catch {
      said = true;
    }
    if (day === 2) break;
  }
  return { found, said };
}

describe.each(Object.entries(shapes))('on the second day of %s', (_name, shape) => {
  it.each([
    ['insert', {}],
    ['upsert', { load_mode: 'upsert', key_columns: ['id'] }],
  ])('every row has come, or what is missing is said, with %s', async (mode, load) => {
    for (const incremental of [{}, shape.tuned]) {
      const { found, said } = await twoDays(shape, incremental, load);
      expect([...found.keys()].sort().length === 4 || said, JSON.stringify([incremental, [...found]])).toBe(true);
      if (mode === 'insert') expect(Math.max(...found.values(), 0)).toBeLessThanOrEqual(1);
    }
  });
});

it.each(Object.entries(shapes).filter(([name]) => !/error|total/.test(name)))(
  'with the right settings every row of %s comes once, and nothing is said',
  async (_name, shape) => {
    const { found, said } = await twoDays(shape, shape.tuned, {});
    expect(said).toBe(false);
    expect([...found].sort()).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
  },
);
