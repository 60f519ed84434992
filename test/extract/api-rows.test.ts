import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readLines, readRejected, sendJson, settingsOf, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

async function outcomeOf(settings: Loose, pages: readonly unknown[], pieces = false) {
  const api = await startApi(async (_request, response, count) => {
    const page = pages[count - 1] ?? [];
    const text = typeof page === 'string' ? page : JSON.stringify(page);
    if (!pieces) return sendJson(response, text);
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const letter of text) {
      response.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  const { request } = setup({ source_type: 'api', endpoint: 'rows', ...settings }, { base_url: api.url });
  const manifest = await extract(request);
  const { warnings = [] } = manifest;
  return { lines: await readLines(request, manifest), rejected: await readRejected(request, manifest), warnings };
}

const paged = { pagination: { type: 'page_number' } };

describe('fields of what the rows lie in', () => {
  const include = { order_id: '$.id', at: '$.meta.at' };
  const nested = { records_path: '$.orders[*].lines[*]', include };

  it('come from the element around their list, wherever they stand in it, with every digit', async () => {
    const page = `{"orders": [
      {"id": 9007199254740993, "meta": {"at": 1.10}, "lines": [{"a": 1}, {"a": 2}]},
      {"lines": [{"a": 3}, {"a":
 4}], "meta": {"at": null}, "id": "x"},
      {"lines": [{}], "id": {"b":
 [1]}},
      {"lines": [], "id": 5}
    ], "id": "of the response"}`;
    for (const pieces of [false, true]) {
      const { lines } = await outcomeOf(nested, [page], pieces);
      expect(lines).toEqual([
        '{"order_id":9007199254740993,"at":1.10,"a": 1}',
        '{"order_id":9007199254740993,"at":1.10,"a": 2}',
        '{"order_id":"x","at":null,"a": 3}',
        '{"order_id":"x","at":null,"a":  4}',
        '{"order_id":{"b":  [1]},"at":null}',
      ]);
    }
  });

  it('come from the response where there is no list around, and from further up by a path with its [*]', async () => {
    const rates = await outcomeOf({ records_path: '$.rates', map_key: 'currency', include: { base: '$.base' } }, [
      '{"rates": {"EUR": 0.90, "JPY": 150.25}, "base": "USD"}',
    ]);
    expect(rates.lines).toEqual([
      '{"base":"USD","currency":"EUR","value":0.90}',
      '{"base":"USD","currency":"JPY","value":150.25}',
    ]);
    const deep = await outcomeOf(
      {
        records_path: '$.shops[*].orders[*].lines[*]',
        include: { order: '$.id', shop: '$.shops[*].name', page: '$.shops[*].orders[*].no' },
      },
      [
        {
          shops: [
            {
              orders: [
                { lines: [{ l: 1 }], id: 1 },
                { no: 7, lines: [{ l: 2 }], id: 2 },
              ],
              name: 'A',
            },
            { name: 'B', orders: [{ id: 3, lines: [{ l: 3 }] }] },
          ],
        },
      ],
    );
    expect(deep.lines.map((line) => JSON.parse(line) as Loose)).toEqual([
      { order: 1, shop: 'A', page: null, l: 1 },
      { order: 2, shop: 'A', page: 7, l: 2 },
      { order: 3, shop: 'B', page: null, l: 3 },
    ]);
  });

  it('are an error where rows have a column of the name', async () => {
    const clash = outcomeOf({ records_path: '$.orders[*].lines[*]', include: { a: '$.id' } }, [
      { orders: [{ id: 1, lines: [{ a: 1 }] }] },
    ]);
    await expect(clash).rejects.toMatchObject({ code: 'parent_field_collision' });
  });

  it('wait for ten thousand elements in no more than straight time', async () => {
    const orders = Array.from({ length: 10_000 }, (_, id) => ({ lines: [{ a: id }], id }));
    const { lines } = await outcomeOf({ ...nested, include: { order_id: '$.id', of: '$.orders[*].of' } }, [{ orders }]);
    expect(lines).toHaveLength(10_000);
    expect(lines[9_999]).toBe('{"order_id":9999,"of":null,"a":9999}');
  });
});

describe('rows that are no objects in a list', () => {
  it('are the members of an object, by map_key', async () => {
    const { lines, warnings } = await outcomeOf({ records_path: '$.data', map_key: 'id' }, [
      { data: { a1: { price: 1.5 }, a2: { price: 2 } } },
    ]);
    expect(lines).toEqual(['{"id":"a1","price":1.5}', '{"id":"a2","price":2}']);
    expect(warnings).toEqual([]);
  });

  it('are made of lists that are columns, with every digit and what is beside them', async () => {
    const { lines } = await outcomeOf({ records_path: '$.hourly', columnar: true }, [
      '{"hourly": {"time": ["00:00", "01:00"], "temp": [1.50, null], "s": "ok"}, "lat": 52.5}',
    ]);
    expect(lines).toEqual(['{"time":"00:00","temp":1.50,"s":"ok"}', '{"time":"01:00","temp":null,"s":"ok"}']);
    const unequal = outcomeOf({ records_path: '$', columnar: true }, [{ a: [1, 2], b: [1] }]);
    await expect(unequal).rejects.toMatchObject({ code: 'api_columns_unequal' });
    const none = await outcomeOf({ records_path: '$', columnar: true }, [{ a: [], b: [] }]);
    expect(none.lines).toEqual([]);
  });

  it('have the names of their positions from a list, and too many values reject them', async () => {
    const { lines, rejected } = await outcomeOf({ records_path: '$.rows', header: ['id', 'name'] }, [
      '{"rows": [[1.0, "a"], [2], [3, "c", true], {"id": 4}, []]}',
    ]);
    expect(lines).toEqual(['{"id":1.0,"name":"a"}', '{"id":2}', '{}']);
    expect(rejected).toMatchObject([
      { row_number: 3, reason: 'The record has 3 values, and there are 2 columns.' },
      { row_number: 4, reason: 'The record is no list of values.' },
    ]);
  });

  it('have the names of their positions from the first row, which later pages may repeat', async () => {
    const { lines, rejected } = await outcomeOf({ records_path: '$.values', header: 'first_row', ...paged }, [
      {
        values: [
          ['id', '', 'id', ' qty '],
          ['1', 'x', 'y', '5'],
        ],
      },
      { values: [['2', 'b']] },
      {
        values: [
          ['id', '', 'id', ' qty '],
          ['3', '', '', ''],
        ],
      },
      { values: [] },
    ]);
    expect(lines).toEqual([
      '{"id":"1","column_2":"x","id_2":"y","qty":"5"}',
      '{"id":"2","column_2":"b"}',
      '{"id":"3","column_2":"","id_2":"","qty":""}',
    ]);
    expect(rejected).toEqual([]);
  });

  it.each<[string, string, unknown]>([
    ['before the rows', '$.columns', { columns: ['id', 'name'], rows: [[1, 'a'], [2]] }],
    [
      'behind the rows, in objects',
      '$.schema.fields[*].name',
      { rows: [[1, 'a'], [2]], schema: { fields: [{ name: 'id' }, { name: 'name' }] } },
    ],
  ])('have the names of their positions from elsewhere in the response: %s', async (_, path, page) => {
    const { lines } = await outcomeOf({ records_path: '$.rows', header: { path } }, [page]);
    expect(lines).toEqual(['{"id":1,"name":"a"}', '{"id":2}']);
  });

  it('have the names of the element that they lie in, or of the pages before', async () => {
    const header = { path: '$.head' };
    const { lines } = await outcomeOf({ records_path: '$.tables[*].rows', header, include: { of: '$.t' } }, [
      {
        tables: [
          { t: 1, head: ['a'], rows: [[5]] },
          { t: 2, head: ['b'], rows: [[6]] },
        ],
      },
    ]);
    expect(lines).toEqual(['{"of":1,"a":5}', '{"of":2,"b":6}']);
    const later = await outcomeOf({ records_path: '$.rows', header, ...paged }, [
      { head: ['a'], rows: [[1]] },
      { rows: [[2]] },
      { rows: [] },
    ]);
    expect(later.lines).toEqual(['{"a":1}', '{"a":2}']);
  });

  it('cannot be rows where no names are to be found', async () => {
    const outcome = outcomeOf({ records_path: '$.rows', header: { path: '$.names' } }, [{ rows: [[1]] }]);
    await expect(outcome).rejects.toMatchObject({ code: 'api_header_missing' });
    const check = (more: object) => () => settingsOf({ source_type: 'api', endpoint: 'rows', ...more });
    expect(check({ header: { path: '$.names' } })).toThrow('records_path');
    expect(check({ records_path: '$.rows', header: { path: '$.a[*].b[*]' } })).toThrow('one [*] at most');
  });

  it('are counted without the row of names where an offset moves by them', async () => {
    const cells = [['id'], ['1'], ['2'], ['3']];
    const api = await startApi(({ url }, response) => {
      const from = Number(url.searchParams.get('offset'));
      sendJson(response, { total: 3, values: [cells[0], ...cells.slice(1 + from, 3 + from)] });
    });
    const settings = {
      source_type: 'api',
      endpoint: 'rows',
      records_path: '$.values',
      header: 'first_row',
      pagination: { type: 'offset', limit: 2, total_path: '$.total' },
    };
    const { request } = setup(settings, { base_url: api.url });
    expect(await readLines(request, await extract(request))).toEqual(['{"id":"1"}', '{"id":"2"}', '{"id":"3"}']);
  });

  it('are single values, and a single object', async () => {
    expect((await outcomeOf({ records_path: '$.ids' }, [{ ids: ['a', 7] }])).lines).toEqual([
      '{"value":"a"}',
      '{"value":7}',
    ]);
    expect((await outcomeOf({ records_path: '$.me' }, [{ me: { id: 1 } }])).lines).toEqual(['{"id":1}']);
  });
});
