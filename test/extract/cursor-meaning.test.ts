import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { cursorFormat } from '../../lib/extract/incremental/cursor-format.ts';
import type { Watermark } from '../../lib/manifest.ts';
import { readRejected, readRows, type SeenRequest, sendJson, settingsOf, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Runs one after the other of a source that has these rows; the API answers with all of them whatever is asked. */
async function runs(days: readonly (readonly Loose[] | string)[], incremental: Loose, more: Loose = {}) {
  let day = 0;
  const asked: SeenRequest[] = [];
  const api = await startApi((request, response) => {
    asked.push(request);
    const rows = days[day];
    sendJson(response, typeof rows === 'string' ? rows : JSON.stringify(rows));
  });
  const source = { source_type: 'api', endpoint: 'rows', pagination: { type: 'none' }, ...more };
  let watermark: Watermark | undefined;
  const read: unknown[][] = [];
  const warnings: string[] = [];
  for (; day < days.length; day += 1) {
    const settings = { ...source, incremental: { cursor_column: 'at', ...incremental } };
    const { request } = setup(settings, { base_url: api.url }, { watermark });
    const manifest = await extract(request);
    read.push((await readRows(request, manifest)).map(({ id }) => id));
    expect(await readRejected(request, manifest)).toEqual([]);
    warnings.push(...(manifest.warnings ?? []));
    watermark = manifest.watermark;
  }
  return { asked, read, warnings, watermark };
}

describe('a cursor column whose values are times', () => {
  it.each([
    ['%m/%d/%Y', '12/30/2024', '12/31/2024', '01/02/2025'],
    ['%Y/%m/%d %H:%M', '2024/9/1 9:00', '2024/10/1 9:00', '2024/10/1 10:00'],
    ['http_date', 'Tue, 31 Dec 2024 23:59:58 GMT', 'Tue, 31 Dec 2024 23:59:59 GMT', 'Wed, 01 Jan 2025 00:00:00 GMT'],
    ['json_date', '/Date(998)/', '/Date(999)/', '/Date(1000+0200)/'],
    ['%d. %B %Y %I:%M %p', '31. December 2024 11:59 AM', '31. December 2024 12:01 PM', '1. January 2025 12:00 AM'],
    ['%d-%b-%y', '31-Dec-98', '31-Dec-99', '01-Jan-00'],
    ['epoch_seconds', '999999999.5', '999999999.75', '1000000000'],
  ])('written as %s are ordered by what they mean', async (cursor_format, a, b, c) => {
    const rows = [a, b, c].map((at, index) => ({ id: index + 1, at }));
    const { read, watermark } = await runs([rows.slice(0, 2), rows, [...rows, { id: 4, at: b }]], { cursor_format });
    expect(read).toEqual([[1, 2], [3], []]);
    expect(watermark?.value).toBe(c);
  });

  it('are of the year that is written, also of the first century', async () => {
    const rows = ['0001-01-01T00:00:00Z', '0099-12-31', '0100-01-01', '1900-01-01'].map((at, id) => ({ id, at }));
    const { read, watermark } = await runs([rows.slice(0, 2), rows.slice(0, 3), rows], {});
    expect(read).toEqual([[0, 1], [2], [3]]);
    expect(watermark?.value).toBe('1900-01-01');
  });

  it.each([
    ['12/31/2024', '99/99/9999'],
    ['2024/10/1 9:00', '9999/99/9 9:99'],
    ['Tue, 31 Dec 2024 23:59:59 GMT', 'aaa, 99 aaa 9999'],
    ['/Date(1)/', '/aaaa(9)/'],
    ['rev-7', 'aaa-9'],
  ])('are refused where nobody has said what %j means', async (at, shape) => {
    await expect(runs([[{ id: 1, at }]], {})).rejects.toMatchObject({
      code: 'cursor_meaning_unknown',
      message: expect.stringMatching(
        new RegExp(`looks like ${shape.replace(/[().]/g, '\\$&')}.*cursor_format.*cursor_type: text`),
      ),
    });
  });

  it('are compared as characters where the configuration says that they are texts', async () => {
    const { read } = await runs(
      [
        [{ id: 1, at: 'r1' }],
        [
          { id: 1, at: 'r1' },
          { id: 2, at: 'r2' },
        ],
      ],
      { cursor_type: 'text' },
    );
    expect(read).toEqual([[1], [2]]);
  });

  it('are not compared with a watermark that was one of characters', async () => {
    const watermark: Watermark = {
      cursor_column: 'at',
      type: 'text',
      value: '12/31/2024',
      boundary_rows: 1,
      boundary: { hashes: [] },
    };
    const api = await startApi((_request, response) => sendJson(response, [{ id: 1, at: '01/02/2025' }]));
    const source = { source_type: 'api', endpoint: 'rows', incremental: { cursor_column: 'at' } };
    const { request } = setup(source, { base_url: api.url }, { watermark });
    await expect(extract(request)).rejects.toMatchObject({ code: 'cursor_meaning_unknown' });
    const told = setup(
      { ...source, incremental: { cursor_column: 'at', cursor_format: '%m/%d/%Y' } },
      { base_url: api.url },
      { watermark },
    );
    expect(await readRows(told.request, await extract(told.request))).toHaveLength(1);
  });

  it('without a zone are of the one that is configured, also where its clocks change', async () => {
    const rows = ['2025-03-30T01:59:59', '2025-03-30T03:00:00', '2025-10-26T03:00:00'].map((at, id) => ({ id, at }));
    const asked = async (cursor_timezone: string, param_format: string, last: number) => {
      const days = [rows.slice(0, last), rows];
      const found = await runs(days, { cursor_timezone, param_format, start_param: 'since' });
      return found.asked[1]?.url.searchParams.get('since');
    };
    expect(await asked('Europe/Berlin', 'iso8601', 1)).toBe('2025-03-30T00:59:59Z');
    expect(await asked('Europe/Berlin', 'iso8601', 2)).toBe('2025-03-30T01:00:00Z');
    expect(await asked('Europe/Berlin', 'epoch_seconds', 3)).toBe(String(Date.UTC(2025, 9, 26, 2) / 1_000));
    expect(await asked('Asia/Tokyo', 'as_is', 2)).toBe('2025-03-30T03:00:00');
    expect(await asked('UTC', 'iso8601', 2)).toBe('2025-03-30T03:00:00Z');
  });

  it('are asked for again by a lag, in the format and the zone that they have', async () => {
    const asked = async (at: string, incremental: Loose) => {
      const more = { load_mode: 'upsert', key_columns: ['id'] };
      const rows = [{ id: 1, at }];
      const found = await runs([rows, rows], { lag: 90, start_param: 'since', ...incremental }, more);
      return found.asked[1]?.url.searchParams.get('since');
    };
    expect(await asked('12/31/2024 00:01', { cursor_format: '%m/%d/%Y %H:%M' })).toBe('12/30/2024 23:59');
    expect(await asked('2024-12-31T00:01:00', { cursor_timezone: 'America/New_York' })).toBe('2024-12-30T23:59:30');
    expect(await asked('2024-12-31T00:01:00.250Z', {})).toBe('2024-12-30T23:59:30.250Z');
    expect(await asked('1700000100', { cursor_format: 'epoch_seconds' })).toBe('1700000010');
  });

  it('come back from every format as they went in', () => {
    const formats = [
      '%Y-%m-%d %H:%M:%S.%f',
      '%A, %d %b %Y %I:%M:%S %p',
      'http_date',
      'epoch_seconds',
      'epoch_milliseconds',
      'json_date',
    ];
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe'];
    // The second of the two hours that a clock goes through twice cannot be written without a zone.
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(seconds, fc.constantFrom(...formats), fc.constantFrom(...zones), (second, name, zone) => {
        const format = cursorFormat(name);
        if (format === undefined) throw new Error('every one of them is a format');
        const instant = BigInt(second) * 1_000_000_000n;
        const text = format.write(instant, zone);
        const again = format.read(text, zone);
        expect(again === undefined ? undefined : format.write(again, zone)).toBe(text);
        if (zone === 'UTC' || !name.includes('%')) expect(again).toBe(instant);
      }),
    );
  });
});

describe('the bounds of an API', () => {
  const since = { start_param: 'since' };

  it('are written as times where the column counts seconds', async () => {
    const rows = [{ id: 1, at: 1_700_000_001 }];
    const incremental = { ...since, cursor_format: 'epoch_seconds', param_format: 'iso8601' };
    const { asked } = await runs([rows, rows], incremental);
    expect(asked[1]?.url.searchParams.get('since')).toBe('2023-11-14T22:13:21Z');
    await expect(runs([rows, rows], { ...since, param_format: 'iso8601' })).rejects.toMatchObject({
      code: 'cursor_unit_unknown',
      message: expect.stringContaining('cursor_format: epoch_seconds'),
    });
    expect(() =>
      settingsOf({
        source_type: 'api',
        endpoint: 'x',
        incremental: { cursor_column: 'at', cursor_type: 'number', param_format: 'date' },
      }),
    ).toThrow(/param_format/);
  });

  it.each([
    ['9007199254740993', {}, '9007199254740993'],
    ['"9007199254740993"', {}, '"9007199254740993"'],
    ['1700000001.5', { cursor_format: 'epoch_seconds' }, '1700000001.5'],
    ['"2024-01-01T00:00:00Z"', {}, '"2024-01-01T00:00:00Z"'],
    ['"2024-01-01T00:00:00Z"', { param_format: 'epoch_milliseconds' }, '1704067200000'],
    ['1.50', {}, '1.50'],
  ])('are in a body what they were in the row: %s', async (json, incremental, bound) => {
    const rows = `[{"id":1,"at":${json}}]`;
    const more = { method: 'POST', body: { a: 1 } };
    const { asked } = await runs([rows, rows], { ...since, in: 'body', ...incremental }, more);
    expect(asked.map(({ body }) => body)).toEqual(['{"a":1}', `{"a":1,"since":${bound}}`]);
  });
});

describe('rows ahead of time', () => {
  const end = '9999-12-31T00:00:00Z';
  const at = (day: number): string => `2026-01-0${day}T00:00:00Z`;

  it('are loaded once, and do not move the watermark', async () => {
    const first = [
      { id: 1, at: at(1) },
      { id: 2, at: end },
      { id: 3, at: at(2) },
    ];
    const second = [...first, { id: 4, at: at(3) }, { id: 5, at: end }, { id: 6, at: at(2) }];
    const { read, warnings, watermark } = await runs([first, second, second, [...second, { id: 7, at: at(3) }]], {});
    expect(read).toEqual([[1, 2, 3], [5, 6, 4].sort(), [], [7]]);
    expect(watermark).toMatchObject({ value: at(3), ahead_of: expect.stringMatching(/^2026-11-02/) });
    expect(warnings[0]).toMatch(/after 2026-11-02.*ahead of time/);
  });

  it('are read again, and are no news, where repeats are harmless', async () => {
    const more = { load_mode: 'upsert', key_columns: ['id'] };
    const rows = [
      { id: 1, at: at(1) },
      { id: 2, at: end },
    ];
    const { read, watermark } = await runs([rows, [...rows, { id: 3, at: at(2) }]], {}, more);
    expect(read).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    expect(watermark?.value).toBe(at(2));
  });

  it('are loaded once also where there are no others, and none of the others is lost that come later', async () => {
    const later = (day: number): string => `2031-01-0${day}T00:00:00Z`;
    const first = [{ id: 1, at: later(1) }];
    const second = [...first, { id: 2, at: later(2) }];
    const third = [...second, { id: 3, at: at(1) }];
    const { asked, read, watermark } = await runs([first, second, third, third], { start_param: 'since' });
    expect(read).toEqual([[1], [2], [3], []]);
    expect(asked.map(({ url }) => url.searchParams.get('since'))).toEqual([null, null, null, at(1)]);
    expect(watermark?.value).toBe(at(1));
  });

  it('are known also where they are many', async () => {
    const many = Array.from({ length: 600 }, (_, id) => ({ id, at: end }));
    const first = [...many, { id: 1_000, at: at(1) }];
    const { read, watermark } = await runs([first, [...first, { id: 1_001, at: end }, { id: 1_002, at: at(2) }]], {});
    expect(read[1]?.sort()).toEqual([1_001, 1_002]);
    expect(JSON.stringify(watermark).length).toBeLessThan(16_384);
  });
});
