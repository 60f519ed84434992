import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { boundaryKey } from '../../lib/extract/incremental/boundary.ts';
import { type CursorValue, compareCursors, cursorValueOf } from '../../lib/extract/incremental/cursor-value.ts';
import { Sketch } from '../../lib/extract/incremental/sketch.ts';
import type { RawManifest, Watermark } from '../../lib/manifest.ts';
import { readRejected, readRows, sendJson, setup, startApi, type TestApi } from './extract-setup.ts';

interface Row {
  readonly id: number;
  readonly at: string;
}

const second = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString().replace('.000Z', 'Z');

/** An API whose rows the test changes between runs; it filters by `since` as it is told, in the order it is told. */
async function changingApi(
  bound: 'inclusive' | 'exclusive' = 'inclusive',
): Promise<{ api: TestApi; rows: Row[]; asked: (string | null)[] }> {
  const rows: Row[] = [];
  const asked: (string | null)[] = [];
  const api = await startApi(({ url }, response) => {
    const since = url.searchParams.get('since');
    const until = url.searchParams.get('until');
    if (url.searchParams.get('offset') === '0') asked.push(since);
    const kept = rows.filter(
      ({ at }) =>
        (since === null || (bound === 'inclusive' ? at >= since : at > since)) && (until === null || at < until),
    );
    const offset = Number(url.searchParams.get('offset'));
    sendJson(response, { results: kept.slice(offset, offset + 100) });
  });
  return { api, rows, asked };
}

const source = {
  source_type: 'api',
  endpoint: 'rows',
  pagination: { type: 'offset', limit: 100 },
  incremental: { cursor_column: 'at', start_param: 'since', end_param: 'until' },
};

type Changes = Readonly<Record<string, unknown>>;

/** One run after the last one, whose watermark it is given. */
async function run(
  api: TestApi,
  last: Watermark | undefined,
  changes: Changes = {},
  range?: { from?: string; to?: string },
) {
  const { request } = setup(
    { ...source, ...changes },
    { base_url: api.url },
    { ...(last === undefined ? {} : { watermark: last }), ...(range === undefined ? {} : { range }) },
  );
  const manifest: RawManifest = await extract(request);
  const ids = (await readRows(request, manifest)).map(({ id }) => id as number).sort((a, b) => a - b);
  return { manifest, ids, watermark: manifest.watermark, request };
}

describe('an incremental extraction', () => {
  it('reads everything first, and then only what is new', async () => {
    const { api, asked, rows } = await changingApi();
    rows.push({ id: 1, at: second(1) }, { id: 2, at: second(2) });
    const first = await run(api, undefined);
    expect(first.ids).toEqual([1, 2]);
    rows.push({ id: 3, at: second(3) });
    const next = await run(api, first.watermark);
    expect(next.ids).toEqual([3]);
    expect(next.manifest.already_loaded_rows).toBe(1);
    expect((await run(api, next.watermark)).watermark).toEqual(next.watermark);
    expect(asked).toEqual([null, second(2), second(3)]);
  });

  it('begins at the initial value', async () => {
    const { api, rows } = await changingApi();
    rows.push({ id: 1, at: second(1) }, { id: 2, at: second(2) });
    expect(
      (await run(api, undefined, { incremental: { ...source.incremental, initial_value: second(2) } })).ids,
    ).toEqual([2]);
  });

  it('works with an API that knows no bounds', async () => {
    const { api, rows } = await changingApi();
    rows.push({ id: 2, at: second(2) }, { id: 1, at: second(1) });
    const changes = { incremental: { cursor_column: 'at' } };
    const first = await run(api, undefined, changes);
    rows.push({ id: 3, at: second(3) });
    expect((await run(api, first.watermark, changes)).ids).toEqual([3]);
  });

  it('loads ties at the boundary once, in any order and number, whether bounds are inclusive or exclusive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('inclusive' as const, 'exclusive' as const),
        fc.array(fc.array(fc.record({ step: fc.nat(2), ties: fc.constantFrom(1, 2, 3, 40, 300) }), { maxLength: 4 }), {
          minLength: 2,
          maxLength: 4,
        }),
        fc.boolean(),
        async (bound, runs, newestFirst) => {
          const { api, rows } = await changingApi(bound);
          const changes = { incremental: { ...source.incremental, start_bound: bound } };
          let id = 0;
          let now = 1;
          let last: Watermark | undefined;
          const loaded: number[] = [];
          for (const groups of runs) {
            // Between two runs time may stand still; a run then finds up to 300 more ties, as many as can be told apart.
            for (const [index, { step, ties }] of groups.entries()) {
              now += index === 0 ? step : step + 1;
              for (let tie = 0; tie < ties; tie += 1) {
                id += 1;
                const row = { id, at: second(now) };
                if (newestFirst) rows.unshift(row);
                else rows.push(row);
              }
            }
            const result = await run(api, last, changes);
            loaded.push(...result.ids);
            last = result.watermark;
            expect(JSON.stringify(last ?? {}).length).toBeLessThan(16_000);
          }
          expect(loaded.sort((a, b) => a - b)).toEqual(Array.from({ length: id }, (_, index) => index + 1));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('keeps its state small with 10,000 ties, and still finds the few that are new', async () => {
    const { api, rows } = await changingApi();
    for (let id = 1; id <= 10_000; id += 1) rows.push({ id, at: second(1) });
    const changes = { pagination: { type: 'offset', limit: 100 } };
    const wide = { ...changes, endpoint: 'rows?offset=0' };
    const big = await startApi((_request, response) => sendJson(response, { results: rows }));
    const first = await run(big, undefined, { ...wide, pagination: { type: 'none' } });
    expect(first.ids).toHaveLength(10_000);
    expect(JSON.stringify(first.watermark).length).toBeLessThan(16_000);
    for (let id = 10_001; id <= 10_200; id += 1) rows.splice((id * 7919) % rows.length, 0, { id, at: second(1) });
    const next = await run(big, first.watermark, { ...wide, pagination: { type: 'none' } });
    expect(next.ids).toEqual(Array.from({ length: 200 }, (_, index) => 10_001 + index));
    expect(next.watermark?.boundary_rows).toBe(10_200);
    rows.push({ id: 7, at: second(9) });
    const last = await run(big, next.watermark, { ...wide, pagination: { type: 'none' } });
    expect(last.ids).toEqual([7]);
    expect(api.seen).toHaveLength(0);
  }, 60_000);

  it('fails clearly where so many of so many ties changed that they cannot be told apart', async () => {
    const rows = Array.from({ length: 1_000 }, (_, id) => ({ id, at: second(1) }));
    const api = await startApi((_request, response) => sendJson(response, rows));
    const first = await run(api, undefined, { pagination: { type: 'none' } });
    for (let id = 1_000; id < 3_000; id += 1) rows.push({ id, at: second(1) });
    await expect(run(api, first.watermark, { pagination: { type: 'none' } })).rejects.toMatchObject({
      code: 'boundary_unclear',
      message: expect.stringContaining('load_mode: upsert'),
    });
    const upsert = { pagination: { type: 'none' }, load_mode: 'upsert', key_columns: ['id'] };
    const again = await run(api, (await run(api, undefined, upsert)).watermark, upsert);
    expect(again.ids).toHaveLength(3_000);
    expect(again.watermark?.boundary).toBeUndefined();
  });

  it('reads a lag again, for rows that arrive late', async () => {
    const { api, asked, rows } = await changingApi();
    rows.push({ id: 1, at: second(100) });
    const changes = { load_mode: 'upsert', key_columns: ['id'], incremental: { ...source.incremental, lag: 30 } };
    const first = await run(api, undefined, changes);
    rows.push({ id: 2, at: second(75) }, { id: 3, at: second(60) });
    const next = await run(api, first.watermark, changes);
    expect(next.ids).toEqual([1, 2]);
    expect(asked).toEqual([null, second(70)]);
    expect(next.watermark?.value).toBe(second(100));
  });

  it('backfills a range and leaves the watermark alone', async () => {
    const { api, rows } = await changingApi();
    for (let id = 1; id <= 9; id += 1) rows.push({ id, at: second(id) });
    const watermark = (await run(api, undefined)).watermark;
    const backfill = await run(api, watermark, {}, { from: second(3), to: second(6) });
    expect(backfill.ids).toEqual([3, 4, 5]);
    expect(backfill.watermark).toBeUndefined();
    await expect(run(api, undefined, { incremental: undefined }, { from: second(3) })).rejects.toMatchObject({
      code: 'range_needs_cursor',
    });
    await expect(
      run(api, undefined, { incremental: { ...source.incremental, cursor_type: 'timestamp' } }, { from: 'yesterday' }),
    ).rejects.toMatchObject({ code: 'invalid_cursor_value' });
  });

  it('rejects rows without a value in the cursor column, and says so', async () => {
    const api = await startApi((_request, response) =>
      sendJson(response, [{ id: 1, at: second(1) }, { id: 2 }, { id: 3, at: null }, { id: 4, at: 7 }]),
    );
    const { ids, manifest, request } = await run(api, undefined, { pagination: { type: 'none' } });
    expect(ids).toEqual([1]);
    expect((await readRejected(request, manifest)).map(({ column_name: column, reason }) => [column, reason])).toEqual([
      ['at', 'has no value, and is the cursor column'],
      ['at', 'has no value, and is the cursor column'],
      ['at', 'is no timestamp, and is the cursor column'],
    ]);
  });

  it('does not go on from the watermark of another column', async () => {
    const { api, rows } = await changingApi();
    rows.push({ id: 1, at: second(1) });
    const { watermark } = await run(api, undefined);
    await expect(run(api, watermark, { incremental: { cursor_column: 'id' } })).rejects.toMatchObject({
      code: 'cursor_column_changed',
    });
  });

  it.each([
    ['epoch_seconds', String(Date.UTC(2026, 0, 1) / 1_000 + 2)],
    ['epoch_milliseconds', String(Date.UTC(2026, 0, 1) + 2_000)],
    ['date', '2026-01-01'],
    ['iso8601', second(2)],
  ])('writes the bound as the API wants it: %s', async (format, bound) => {
    const asked: (string | null)[] = [];
    const api = await startApi(({ url }, response) => {
      asked.push(url.searchParams.get('since'));
      sendJson(response, [{ id: 1, at: second(2) }]);
    });
    const changes = { pagination: { type: 'none' }, incremental: { ...source.incremental, param_format: format } };
    await run(api, (await run(api, undefined, changes)).watermark, changes);
    expect(asked).toEqual([null, bound]);
  });

  it('compares numbers beyond the exact ones of JavaScript', async () => {
    const api = await startApi((_request, response, count) =>
      sendJson(
        response,
        count === 1
          ? '[{"id":9007199254740993}]'
          : '[{"id":9007199254740992},{"id":9007199254740993},{"id":9007199254740994}]',
      ),
    );
    const changes = { pagination: { type: 'none' }, incremental: { cursor_column: 'id' } };
    const first = await run(api, undefined, changes);
    expect(first.watermark?.value).toBe('9007199254740993');
    const next = await run(api, first.watermark, changes);
    expect(next.watermark?.value).toBe('9007199254740994');
    expect(next.manifest.already_loaded_rows).toBe(2);
  });

  it('survives a kill between the boundary rows and the end', async () => {
    const { api, rows } = await changingApi();
    rows.push({ id: 1, at: second(1) }, { id: 2, at: second(1) });
    const { watermark } = await run(api, undefined);
    rows.push({ id: 3, at: second(1) }, { id: 4, at: second(2) });
    const { request } = setup(source, { base_url: api.url }, watermark === undefined ? {} : { watermark });
    const { store } = request;
    for (const fatal of ['raw/held', 'raw/cursor', 'raw/part-00001', 'raw/manifest']) {
      const doomed = async (key: string, act: () => Promise<void>): Promise<void> => {
        if (key.includes(fatal)) throw new Error('crashed');
        await act();
      };
      const crashing = {
        ...store,
        put: (key: string, body: Uint8Array | string) => doomed(key, () => store.put(key, body)),
        putFile: (key: string, file: string) => doomed(key, () => store.putFile(key, file)),
      };
      await expect(extract({ ...request, store: crashing })).rejects.toThrow('crashed');
    }
    const manifest = await extract(request);
    expect((await readRows(request, manifest)).map(({ id }) => id).sort()).toEqual([3, 4]);
  });
});

describe('values of a cursor column', () => {
  const value = (text: string): CursorValue => {
    const found = cursorValueOf(text);
    if (found === undefined) throw new Error(`${text} is a value`);
    return found;
  };

  it.each([
    ['2026-01-01', '2026-01-01T00:00:00.000000001Z'],
    ['2026-01-01T09:00:00+09:00', '2026-01-01T00:00:01Z'],
    ['2025-12-31 23:59:59.999999', '2026-01-01 00:00:00'],
    ['9', '10'],
    ['-3', '-2.5'],
    ['0.1', '0.10000000000000001'],
    ['99999999999999999999', '1e20'],
  ])('are ordered by what they mean: %s before %s', (earlier, later) => {
    expect(compareCursors(value(earlier), value(later))).toBe(-1);
    expect(compareCursors(value(later), value(earlier))).toBe(1);
    expect(compareCursors(value(later), value(later))).toBe(0);
  });

  it('have no meaning where they only look like dates', () => {
    for (const text of ['2026-13-01', '2026-02-30', 'rev-7', '12/31/2024', '2024/10/1 9:00']) {
      expect(cursorValueOf(text)).toBeUndefined();
    }
  });
});

describe('a sketch', () => {
  it('tells the difference of two large sets as long as it is small', () => {
    fc.assert(
      fc.property(fc.nat(3_000), fc.nat(120), fc.nat(120), (shared, mine, yours) => {
        const key = (text: string): Buffer => Buffer.from(boundaryKey(text));
        const here = new Sketch();
        const there = new Sketch();
        for (let n = 0; n < shared; n += 1) {
          here.add(key(`s${n}`));
          there.add(key(`s${n}`));
        }
        for (let n = 0; n < mine; n += 1) here.add(key(`m${n}`));
        for (let n = 0; n < yours; n += 1) there.add(key(`y${n}`));
        const difference = Sketch.parse(here.toString()).difference(there);
        expect(difference?.here).toHaveLength(mine);
        expect(difference?.there).toHaveLength(yours);
      }),
      { numRuns: 60 },
    );
  });

  it('says that it cannot tell where the difference is large', () => {
    const here = new Sketch();
    for (let n = 0; n < 2_000; n += 1) here.add(boundaryKey(`m${n}`));
    expect(here.difference(new Sketch())).toBeUndefined();
  });
});
