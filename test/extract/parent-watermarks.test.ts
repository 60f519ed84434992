import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { Watermark } from '../../lib/manifest.ts';
import { readRows, sendJson, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;
type Accounts = Readonly<Record<string, readonly { readonly id: string; readonly at: string }[]>>;

const day = (month: number, of: number): string => `2024-0${month}-0${of}T00:00:00Z`;
const source = {
  source_type: 'api',
  endpoint: 'accounts/{parent.id}/rows',
  pagination: { type: 'offset', limit: 2 },
  incremental: { cursor_column: 'at', start_param: 'since' },
  parent: { endpoint: 'accounts', include: { account: 'name' } },
};
const upsert = { load_mode: 'upsert', key_columns: ['id'] };

/** An API of accounts that the test changes between runs, and the runs of one pipeline over it. */
async function accountsApi(settings: Loose) {
  let accounts: Accounts = {};
  let renamed = '';
  const asked: string[] = [];
  const api = await startApi(({ url }, response) => {
    const id = /accounts\/([^/]+)\/rows/.exec(url.pathname)?.[1];
    if (id === undefined)
      return sendJson(
        response,
        Object.keys(accounts).map((one) => ({ id: one, name: one + renamed })),
      );
    const since = url.searchParams.get('since');
    const offset = Number(url.searchParams.get('offset'));
    if (offset === 0) asked.push(`${id} ${since}`);
    const rows = (accounts[id] ?? []).filter(({ at }) => since === null || at >= since);
    sendJson(response, rows.slice(offset, offset + 2));
  });
  let watermark: Watermark | undefined;
  const run = async (now: Accounts, more: Loose = {}) => {
    accounts = now;
    asked.length = 0;
    const { request } = setup({ ...source, ...settings, ...more }, { base_url: api.url }, { watermark });
    const manifest = await extract(request);
    watermark = manifest.watermark;
    return (await readRows(request, manifest)).map(({ id }) => id);
  };
  const watermarkNow = (next?: Watermark) => {
    if (next !== undefined) watermark = next;
    return watermark;
  };
  return { run, asked, watermark: watermarkNow, rename: (to: string) => (renamed = to) };
}

describe('the rows of parents', () => {
  const a = [
    { id: 'a1', at: day(6, 1) },
    { id: 'a2', at: day(6, 2) },
    { id: 'a3', at: day(6, 2) },
  ];
  const b = [
    { id: 'b1', at: day(1, 1) },
    { id: 'b2', at: day(1, 2) },
    { id: 'b3', at: day(1, 3) },
  ];

  it.each([
    ['insert', {}],
    ['upsert', upsert],
  ])('are read from their beginning where a parent appears later, with %s', async (_mode, mode) => {
    const { asked, run } = await accountsApi(mode);
    expect(await run({ a })).toEqual(['a1', 'a2', 'a3']);
    const second = await run({ a, b });
    expect(second.filter((id) => String(id).startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(asked.sort()).toEqual([`a ${day(6, 2)}`, 'b null']);
  });

  it('are loaded once with insert, whatever shares the newest time of each parent', async () => {
    const { asked, rename, run, watermark } = await accountsApi({});
    await run({ a, b });
    expect(await run({ a, b })).toEqual([]);
    expect(asked.sort()).toEqual([`a ${day(6, 2)}`, `b ${day(1, 3)}`]);
    const more = { a: [...a, { id: 'a4', at: day(6, 2) }], b: [...b, { id: 'b4', at: day(1, 4) }] };
    expect(await run(more)).toEqual(['a4', 'b4']);
    expect(await run(more)).toEqual([]);
    expect(watermark()?.value).toBe(day(6, 2));
    // What is included of a parent does not tell it from others.
    rename(' & co');
    await run(more);
    expect(asked.sort()[0]).toBe(`a ${day(6, 2)}`);
  });

  it('are remembered of a parent that is not listed for a while', async () => {
    const { asked, run } = await accountsApi(upsert);
    await run({ a, b });
    await run({ b });
    await run({ a, b });
    expect(asked.sort()).toEqual([`a ${day(6, 2)}`, `b ${day(1, 3)}`]);
  });

  it('begin anew, or go on, from the one watermark that an earlier release kept for all parents', async () => {
    const old: Watermark = {
      cursor_column: 'at',
      type: 'timestamp',
      value: day(6, 1),
      boundary_rows: 0,
      boundary: { hashes: [] },
    };
    const inserting = await accountsApi({});
    inserting.watermark(old);
    expect(await inserting.run({ a, b })).toEqual(['a1', 'a2', 'a3']);
    const upserting = await accountsApi(upsert);
    upserting.watermark(old);
    expect(await upserting.run({ a, b })).toHaveLength(6);
  });

  it('each have rows ahead of time of their own', async () => {
    const end = '9999-12-31T00:00:00Z';
    const { run } = await accountsApi({});
    const first = { a: [...a, { id: 'end', at: end }], b: [{ id: 'only', at: end }] };
    expect(await run(first)).toEqual(['a1', 'a2', 'a3', 'end', 'only']);
    expect(await run({ ...first, a: [...first.a, { id: 'a9', at: day(7, 1) }] })).toEqual(['a9']);
  });

  it('go on after each deadline with what was held of a parent, and none comes twice', async () => {
    const many = (name: string): Accounts[string] =>
      Array.from({ length: 7 }, (_, index) => ({ id: `${name}${index}`, at: day(1, 1) }));
    const first = { a: many('a'), b: many('b') };
    const second = { a: [...first.a, { id: 'new', at: day(1, 1) }], b: [...first.b, { id: 'last', at: day(1, 2) }] };
    let accounts: Accounts = first;
    const api = await startApi(({ url }, response) => {
      const id = /accounts\/([^/]+)\/rows/.exec(url.pathname)?.[1];
      if (id === undefined)
        return sendJson(
          response,
          Object.keys(accounts).map((one) => ({ id: one, name: one })),
        );
      const offset = Number(url.searchParams.get('offset'));
      sendJson(response, (accounts[id] ?? []).slice(offset, offset + 2));
    });
    const dataSource = { base_url: api.url, rate_limit: { requests: 1, per_seconds: 10 } };
    const begun = setup(source, { base_url: api.url });
    const { watermark } = await extract(begun.request);
    accounts = second;
    const { clock, request } = setup({ ...source, concurrency: 1 }, dataSource, { watermark });
    let calls = 0;
    let manifest = await extract({ ...request, deadline: new Date(clock.now().getTime() + 15_000) });
    for (; !manifest.complete && calls < 50; calls += 1) {
      clock.pass(60_000);
      manifest = await extract({ ...request, deadline: new Date(clock.now().getTime() + 15_000) });
    }
    expect(calls).toBeGreaterThan(2);
    expect((await readRows(request, manifest)).map(({ id }) => id)).toEqual(['new', 'last']);
    expect(manifest.already_loaded_rows).toBe(14);
  });
});
