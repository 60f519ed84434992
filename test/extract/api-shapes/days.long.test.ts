import { describe, expect, it } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import type { Watermark } from '../../../lib/manifest.ts';
import { readRows, sendJson, setup, startApi } from '../extract-setup.ts';
import { type Shape, stock } from './shape.ts';
import { shapes } from './shapes.ts';

type Loose = Readonly<Record<string, unknown>>;

const at = (hour: number): string => `2026-03-0${hour < 10 ? 1 : 2}T0${hour % 10}:00:00Z`;
const row = (id: number, hour: number, name = `n${id}`): Loose => ({ id, name, updated_at: at(hour) });

/** Seven rows on each day, in the order of their ids, as an API deals them out that knows nothing of time. */
const days: Readonly<Record<'first' | 'second' | 'third' | 'fourth', readonly Loose[]>> = (() => {
  const first = [1, 2, 3, 4, 5, 6, 7].map((id) => row(id, id));
  // One has changed, one has come, and an old one has gone.
  const second = [...first.filter(({ id }) => id !== 2 && id !== 3), row(3, 11, 'changed'), row(8, 12)];
  // One comes late: its time is that of the newest row that has been read.
  const fourth = [...second.filter(({ id }) => id !== 1), row(9, 12)];
  const byId = (rows: readonly Loose[]): readonly Loose[] => [...rows].sort((a, b) => Number(a.id) - Number(b.id));
  return { first, second: byId(second), third: byId(second), fourth: byId(fourth) };
})();

/** Copies whose rows have no time of their own, or of which a part is left out in every reading. */
const timeless = new Set([
  'a search that ends in 422 behind a cap',
  'search_after with numbers beyond 2^53',
  'columns in place of rows',
  'the values of a sheet',
  'lists in lists, by offset',
  'lists in lists, by page, where some are left out',
  'rows that a filter takes from pages',
]);
const timed = Object.entries(shapes).filter(([name]) => !timeless.has(name));

async function readDays(shape: Shape, load: Loose) {
  const api = await startApi(({ body, headers, url }, response) => {
    const asked = { query: url.searchParams, raw: body, headers, path: url.pathname, origin: url.origin };
    const answer = shape.answer({ ...asked, body: body === '' ? {} : (JSON.parse(body) as Loose) });
    sendJson(response, answer.body, answer.headers, answer.status);
  });
  const settings = {
    source_type: 'api',
    endpoint: 'rows',
    ...(shape.rows === undefined ? {} : { records_path: shape.rows }),
    ...shape.tuned,
    ...load,
    incremental: { cursor_column: 'updated_at' },
  };
  const read: Record<string, string[]> = {};
  let watermark: Watermark | undefined;
  for (const [day, rows] of Object.entries(days)) {
    stock.rows = rows;
    const { request } = setup(settings, { base_url: api.url }, { watermark });
    const manifest = await extract(request);
    expect(manifest.warnings).toBeUndefined();
    ({ watermark } = manifest);
    read[day] = (await readRows(request, manifest)).map(({ id, name }) => `${String(id)} ${String(name)}`);
  }
  return read;
}

it('most copies have rows with times', () => {
  expect(timed.length).toBeGreaterThanOrEqual(40);
  for (const name of timeless) expect(shapes).toHaveProperty([name]);
});

describe.each(timed)('day after day of %s', (_name, shape) => {
  it('with insert every new, changed and late row comes once', async () => {
    expect(await readDays(shape, { key_columns: ['id'] })).toEqual({
      first: ['1 n1', '2 n2', '3 n3', '4 n4', '5 n5', '6 n6', '7 n7'],
      second: ['3 changed', '8 n8'],
      third: [],
      fourth: ['9 n9'],
    });
  });

  it('with upsert the rows of the newest time come again, and no others', async () => {
    expect(await readDays(shape, { load_mode: 'upsert', key_columns: ['id'] })).toEqual({
      first: ['1 n1', '2 n2', '3 n3', '4 n4', '5 n5', '6 n6', '7 n7'],
      second: ['3 changed', '7 n7', '8 n8'],
      third: ['8 n8'],
      fourth: ['8 n8', '9 n9'],
    });
  });
});
