import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import type { TransformRequest, TransformSettings } from '../../lib/transform/request.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

const orders = [
  '{"id":1,"customer":{"name":"Ada","address":{"city":"Paris"}},"lines":[{"sku":"a","qty":2.50},{"sku":"b","qty":1}]}',
  '{"id":2,"customer":{"name":"Bo"},"lines":[]}',
  '{"id":3,"lines":[{"sku":"c","qty":12345678901234567890}]}',
];

async function run(
  lines: readonly string[],
  settings: Partial<TransformSettings>,
  more: Partial<TransformRequest> = {},
) {
  const content = lines.map((line) => `${line}\n`).join('');
  const { manifest, rejected, rows } = await runTransform({ format: 'ndjson', content }, settings, more);
  return { manifest, types: typesOf(manifest), rows: withoutService(rows), rejected };
}

/** A Parquet file of a query, as bytes. */
async function parquetOf(query: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder, threads: 1 });
  try {
    await session.run(`COPY (${query}) TO '${folder}/x.parquet' (FORMAT parquet)`);
    const { readFile } = await import('node:fs/promises');
    return await readFile(`${folder}/x.parquet`);
  } finally {
    session.close();
    await rm(folder, { recursive: true, force: true });
  }
}

describe('flatten', () => {
  it('makes columns of the members of objects, down to its depth', async () => {
    const one = await run(orders, { flatten: 1, exclude: ['lines'], blank_text: 'keep' });
    expect(one.types).toEqual({ id: 'bigint', customer_name: 'text', customer_address: 'jsonb' });
    expect(one.rows[0]).toEqual({ id: '1', customer_name: 'Ada', customer_address: '{"city":"Paris"}' });
    const two = await run(orders, { flatten: 2, select: ['id', 'customer'], blank_text: 'keep' });
    expect(two.rows).toEqual([
      { id: '1', customer_name: 'Ada', customer_address_city: 'Paris' },
      { id: '2', customer_name: 'Bo', customer_address_city: null },
      { id: '3', customer_name: null, customer_address_city: null },
    ]);
    expect(two.manifest.columns[2]?.source_name).toBe('customer.name');
  });

  it('keeps values that are no objects in the column, and every digit', async () => {
    const { rows } = await run(['{"v":{"a":1.50}}', '{"v":"text"}', '{"v":null}', '{"v":{"b":12345678901234567890}}'], {
      flatten: 1,
      blank_text: 'keep',
    });
    expect(rows).toEqual([
      { v: null, v_a: '1.50', v_b: null },
      { v: 'text', v_a: null, v_b: null },
      { v: null, v_a: null, v_b: null },
      { v: null, v_a: null, v_b: '12345678901234567890' },
    ]);
  });

  it('rejects a row whose object has a key twice, as it came', async () => {
    const { rejected, rows } = await run(['{"id":1,"v":{"a":1,"a":2}}', '{"id":2,"v":{"a":3}}', '{"id":3}'], {
      flatten: 1,
    });
    expect(rows.map(({ id, v_a }) => [id, v_a])).toEqual([
      ['2', '3'],
      ['3', null],
    ]);
    expect(rejected).toMatchObject([
      { row_number: 1, column_name: null, reason: 'an object in the row has a key twice', row: { id: 1, v: { a: 2 } } },
    ]);
  });
});

describe('a row that is rejected', () => {
  it('keeps the members of its objects, and whole what was not taken apart', async () => {
    const lines = ['{"id":1,"customer":{"name":"Ada"},"lines":7}', '{"id":2,"customer":{"name":"Bo"},"lines":[1]}'];
    const { rejected, rows } = await run(lines, { explode: 'lines', flatten: 1 });
    expect(rejected[0]?.row).toEqual({ id: 1, 'customer.name': 'Ada', lines: 7 });
    expect(rows).toEqual([{ id: '2', customer_name: 'Bo', lines: '1' }]);
  });

  it('leaves the columns of other rows as they are, at any depth', async () => {
    const lines = [
      '{"id":1,"v":{"a":1,"a":2},"w":{"x":{"y":1}}}',
      '{"id":2,"v":{"a":3,"b":{"c":1}},"w":{"x":{"y":2}}}',
    ];
    const { rejected, rows } = await run(lines, { flatten: 3, blank_text: 'keep' });
    expect(rows).toEqual([{ id: '2', v: null, v_a: '3', v_b_c: '1', w_x_y: '2' }]);
    expect(rejected[0]?.row).toEqual({ id: 1, v: { a: 2 }, 'v.a': null, 'v.b.c': null, 'w.x.y': 1 });
  });
});

describe('explode', () => {
  it('refuses a path that two columns have', async () => {
    const twice = run(['{"a":{"b":{"c":[1]},"b.c":[2]}}'], { explode: 'a.b.c' });
    await expect(twice).rejects.toThrow(/explode names a\.b\.c, which the source has twice/);
  });

  it('makes a row of each element, beside the other columns, and says how many there were', async () => {
    const { manifest, rows, types } = await run(orders, {
      explode: 'lines',
      flatten: 1,
      exclude: ['customer.address'],
    });
    expect(rows[2]).toMatchObject({ id: '2', customer_name: 'Bo' });
    expect(types).toEqual({ id: 'bigint', customer_name: 'text', lines_sku: 'text', lines_qty: 'numeric(38,2)' });
    expect(rows.map(({ customer_name, ...row }) => row)).toEqual([
      { id: '1', lines_sku: 'a', lines_qty: '2.50' },
      { id: '1', lines_sku: 'b', lines_qty: '1.00' },
      { id: '2', lines_sku: '', lines_qty: null },
      { id: '3', lines_sku: 'c', lines_qty: '12345678901234567890.00' },
    ]);
    expect(manifest.counts).toMatchObject({ rows_read: 4, rows_clean: 4 });
    expect(manifest.exploded).toEqual({ path: 'lines', records: 3, rows: 4, empty: 1, on_empty: 'keep' });
  });

  it('leaves records without an element out where on_empty is filter, and counts them', async () => {
    const { manifest, rows } = await run([...orders, '{"id":4}'], {
      explode: { path: 'lines', on_empty: 'filter' },
      select: ['id', 'lines'],
    });
    expect(rows.map(({ id, lines }) => [id, lines])).toEqual([
      ['1', '{"sku":"a","qty":2.50}'],
      ['1', '{"sku":"b","qty":1}'],
      ['3', '{"sku":"c","qty":12345678901234567890}'],
    ]);
    expect(manifest.counts).toMatchObject({ rows_read: 5, rows_filtered: 2, rows_clean: 3 });
    expect(manifest.exploded).toMatchObject({ records: 4, rows: 5, empty: 2 });
  });

  it('finds a list inside objects, which it spreads', async () => {
    const { rows } = await run(['{"o":{"n":7,"tags":["x","y"]},"k":1}', '{"o":{"n":8,"tags":["z",null]},"k":2}'], {
      explode: 'o.tags',
      blank_text: 'keep',
    });
    expect(rows).toEqual([
      { o_n: '7', o_tags: 'x', k: '1' },
      { o_n: '7', o_tags: 'y', k: '1' },
      { o_n: '8', o_tags: 'z', k: '2' },
      { o_n: '8', o_tags: null, k: '2' },
    ]);
  });

  it('rejects what is no list with its record, and an element with that element alone; both can be run again', async () => {
    const { rejected } = await run(
      [
        '{"id":1,"lines":{"sku":"x"}}',
        '{"id":2,"lines":[{"sku":"a","qty":1},{"sku":"b","qty":"many"}]}',
        '{"id":3,"lines":[7]}',
      ],
      { explode: 'lines', flatten: 1, columns: { lines_qty: 'bigint' } },
    );
    expect(
      rejected.map(({ column_name, reason, row, row_number }) => [row_number, column_name, reason.slice(0, 16), row]),
    ).toEqual([
      [1, 'lines', 'is not a list, s', { id: 1, lines: { sku: 'x' }, 'lines.sku': null, 'lines.qty': null }],
      [2, 'lines_qty', 'is not a whole n', { id: 2, lines: [null], 'lines.sku': 'b', 'lines.qty': 'many' }],
    ]);
    const again = rejected.slice(1).map(({ row }) => JSON.stringify({ ...row, 'lines.qty': 5 }));
    expect(
      (await run([...again, '{"id":3,"lines":[7]}'], { explode: { path: 'lines', on_empty: 'filter' }, flatten: 1 }))
        .rows,
    ).toEqual([
      { id: '2', lines: null, lines_sku: 'b', lines_qty: '5' },
      { id: '3', lines: '7', lines_sku: '', lines_qty: null },
    ]);
  });

  it('drops records that repeat another one, and keeps equal elements of one record', async () => {
    const { manifest, rows } = await run(['{"id":1,"t":["a","a"]}', '{"id":1,"t":["a","a"]}', '{"id":1,"t":["a"]}'], {
      explode: 't',
      deduplicate: true,
    });
    expect(rows).toHaveLength(3);
    expect(manifest.counts).toMatchObject({ rows_read: 5, rows_deduplicated: 2, rows_clean: 3 });
  });

  it('gives rows ids by their place, or by a key that may be of the element', async () => {
    const ids = async (settings: Partial<TransformSettings>) => {
      const content = orders.map((line) => `${line}\n`).join('');
      const { rows } = await runTransform({ format: 'ndjson', content }, { explode: 'lines', flatten: 1, ...settings });
      return rows.map(({ uuid_id }) => uuid_id);
    };
    const first = await ids({});
    expect(new Set(first).size).toBe(4);
    expect(await ids({})).toEqual(first);
    const keyed = await ids({ key_columns: ['id', 'lines.sku'], load_mode: 'upsert' });
    expect(new Set(keyed).size).toBe(3);
  });

  it('names a column that no record has: an error while there is no table, and no element afterwards', async () => {
    await expect(run(orders, { explode: 'line' })).rejects.toThrow(/explode names line, .* Did you mean lines\?/);
    const targetColumns = [{ name: 'id', type: 'bigint', nullable: true }];
    const { manifest } = await run(['{"id":1}'], { explode: 'lines' }, { targetColumns });
    expect(manifest.exploded).toMatchObject({ records: 1, rows: 1, empty: 1 });
    await expect(
      runTransform({ format: 'csv', content: 'id,lines\n1,[]\n' }, { explode: 'lines' }),
    ).rejects.toMatchObject({ code: 'nested_source' });
  });
});

describe('Parquet', () => {
  it('is spread with its own types', async () => {
    const content = await parquetOf(`
      SELECT 1::INTEGER AS id, {name: 'Ada', born: DATE '1815-12-10'} AS who, [{sku: 'a', qty: 1.5::DECIMAL(8,2)}, {sku: 'b', qty: NULL}] AS lines
      UNION ALL SELECT 2, NULL, [] UNION ALL SELECT 3, {name: 'Cy', born: NULL}, NULL`);
    const { manifest, rows } = await runTransform(
      { format: 'parquet', content },
      { explode: 'lines', flatten: 1, blank_text: 'keep' },
    );
    expect(typesOf(manifest)).toEqual({
      id: 'integer',
      who_name: 'text',
      who_born: 'date',
      lines_sku: 'text',
      lines_qty: 'numeric(8,2)',
    });
    expect(withoutService(rows)).toEqual([
      { id: 1, who_name: 'Ada', who_born: '1815-12-10', lines_sku: 'a', lines_qty: '1.50' },
      { id: 1, who_name: 'Ada', who_born: '1815-12-10', lines_sku: 'b', lines_qty: null },
      { id: 2, who_name: null, who_born: null, lines_sku: null, lines_qty: null },
      { id: 3, who_name: 'Cy', who_born: null, lines_sku: null, lines_qty: null },
    ]);
    expect(manifest.exploded).toMatchObject({ records: 3, rows: 4, empty: 2 });
    await expect(runTransform({ format: 'parquet', content }, { explode: 'id' })).rejects.toThrow(
      /id is no list, but INTEGER/,
    );
  });
});
