import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { articleConfig } from '../support/article-config.ts';
import { csvOfOrders, linesOfOrders, orders } from './support/order-files.ts';
import { expectSamePipeline, type FilePipeline } from './support/pipeline.ts';

const csv = csvOfOrders(orders(400), 47);
const keyed = { key_columns: ['order_id'], load_mode: 'upsert' };

/** Each with what its counts or warnings have to say, so that no comparison is one of nothing. */
const pipelines: Readonly<Record<string, FilePipeline>> = {
  'rejected rows in every part': { files: { 'a.csv': csv }, settings: { columns: { amount: 'numeric(5,2)' } } },
  'repeats and keys of other parts': {
    files: { 'a.csv': csv, 'b.csv': csvOfOrders(orders(300).toReversed(), 31) },
    settings: { ...keyed, latest_by: 'amount' },
  },
  'a declared format of dates': { files: { 'a.csv': csv }, settings: { date_format: '%d/%m/%Y' } },
  'a format of dates of one column': {
    files: { 'a.csv': csv },
    settings: { columns: { ordered_on: { type: 'date', date_format: '%d/%m/%Y', rename: 'day' } } },
  },
  'chosen columns': { files: { 'a.csv': csv }, settings: { ...keyed, select: ['note', 'order_id', 'amount'] } },
  'left out, renamed, dropped and filled columns': {
    files: { 'a.csv': csv },
    settings: {
      exclude: ['note'],
      rename: { customer: 'Name of the customer' },
      columns: { ordered_on: { drop: true }, status: { type: 'text', default: 'open' } },
      business_rules: [{ type: 'enrich', new_column: 'month', logic: 'substr(ordered_on, 4, 2)' }],
    },
  },
  'filters, expectations, casts and masks': {
    files: { 'a.csv': csv },
    settings: {
      ...keyed,
      business_rules: [
        { type: 'filter', condition: "status == 'active' or order_id % 2 == 0" },
        { type: 'expect', condition: 'amount > 10', name: 'large enough' },
        { type: 'cast', column: 'ordered_on', to: 'date', date_format: '%d/%m/%Y' },
        { type: 'cast', column: 'note', to: 'bigint', on_failure: 'null' },
        { type: 'enrich', new_column: 'share', logic: '1000 / (order_id - 300)' },
        { type: 'mask', column: 'customer', method: 'hash' },
      ],
    },
    maskKeys: new Map([[6, 'secret']]),
  },
  'what is looked up': {
    files: { 'a.ndjson': linesOfOrders(orders(300)) },
    settings: {
      business_rules: [
        { type: 'lookup', from: { file: 'c.csv' }, on: { customer: 'name' }, take: { country: 'country' } },
      ],
    },
    lookups: { 1: ['Ada', 'Grace', 'Zoë', "O'Neill", 'two\nlines'].map((name, i) => ({ name, country: `c${i}` })) },
  },
  'partitions and names of files': {
    files: Object.fromEntries(
      ['01', '02', '10', '__HIVE_DEFAULT_PARTITION__'].flatMap((month, i) => [
        [`year=2025/month=${month}/a.csv`, csvOfOrders(orders(60 + i * 40), 29)],
        [`year=2026/month=${month}/b.csv`, csvOfOrders(orders(20 + i), 0)],
      ]),
    ),
    settings: { hive_partitions: true, file_name_column: 'file', key_columns: ['order_id', 'year', 'month'] },
  },
  'a column that is new': {
    files: { 'a.csv': csv },
    settings: { ...keyed, columns: { amount: 'numeric(12,2)' } },
    targetColumns: ['order_id', 'customer', 'amount', 'gone'].map((name) => ({
      name,
      type: name === 'order_id' ? 'bigint' : name === 'amount' ? 'numeric(12,2)' : 'text',
      nullable: true,
    })),
  },
  'a column that is new and left out': {
    files: { 'a.csv': csv, 'b.csv': 'order_id,later\n7,x\n8,\n' },
    settings: { ...keyed, on_new_column: 'ignore', columns: { order_id: 'bigint' } },
    targetColumns: [{ name: 'order_id', type: 'bigint', nullable: false }],
  },
  'a default of a column that the source lacks': {
    files: { 'a.csv': csv },
    settings: { ...keyed, columns: { region: { type: 'text', default: 'none' } } },
    targetColumns: ['uuid_id', 'order_id', 'customer', 'region'].map((name) => ({
      name,
      type: name === 'order_id' ? 'bigint' : name === 'uuid_id' ? 'uuid' : 'text',
      nullable: true,
      isId: name === 'uuid_id',
    })),
  },
  'compressed texts': {
    files: { 'a.csv.gz': gzipSync(csv), 'b.csv.gz': gzipSync(csvOfOrders(orders(90))), 'c.csv': csv },
    settings: keyed,
  },
  'text that is no UTF-8': {
    files: { 'a.csv': Buffer.from(csv.replaceAll('東京太郎', 'Tokyo'), 'latin1') },
    settings: { encoding: 'iso-8859-1' },
  },
  'text in UTF-16': { files: { 'a.csv': Buffer.from(`\uFEFF${csv}`, 'utf16le') }, settings: {} },
  'a JSON document': {
    files: { 'a.json': JSON.stringify({ results: orders(300) }, null, 1), 'b.json': JSON.stringify(orders(40)) },
    settings: keyed,
  },
  'blanks that are kept, and columns that are required': {
    files: { 'a.csv': csv },
    settings: { blank_text: 'keep', required_columns: ['status'] },
  },
  'another form in the last part': {
    files: { 'a.csv': csv, 'b.csv': 'order_id,amount,later\nx1,many,1\n', 'c.csv': 'order_id,later\n7,1.5\n' },
    settings: {},
  },
};

describe('in pieces as in one go', { timeout: 120_000 }, () => {
  for (const [name, pipeline] of Object.entries(pipelines)) {
    test(name, async () => {
      const { manifest } = await expectSamePipeline({ partBytes: 4_000, bucketBytes: 9_000, ...pipeline });
      expect(manifest.counts.rows_clean).toBeGreaterThan(50);
      expect(manifest.counts.rows_deduplicated).toBeGreaterThan(0);
    });
  }

  test.each(['insert', 'upsert', 'replace'])('%s, with a key and without', async (load_mode) => {
    const files = { 'a.csv': csv, 'b.csv': csvOfOrders(orders(500).slice(200), 31) };
    const outcomes = [];
    for (const key_columns of load_mode === 'upsert' ? [['order_id']] : [[], ['order_id']]) {
      for (const deduplicate of [true, false]) {
        const settings = { load_mode, key_columns, deduplicate };
        const { manifest } = await expectSamePipeline({ files, settings, partBytes: 4_000, bucketBytes: 9_000 });
        outcomes.push(JSON.stringify(manifest.counts));
      }
    }
    expect(new Set(outcomes).size).toBe(outcomes.length);
  });

  test('what is refused', async () => {
    const refused = (settings: FilePipeline['settings'], more: Partial<FilePipeline> = {}): Promise<unknown> =>
      expectSamePipeline({ files: { 'a.csv': csv }, settings, partBytes: 4_000, ...more });
    await expect(refused({ columns: { amount: 'numeric(4,2)' }, on_type_mismatch: 'fail' })).rejects.toThrow('amount');
    await expect(refused({ columns: { order_id: 'bigint' }, on_new_column: 'fail' })).rejects.toThrow('new column');
    const expects = { type: 'expect', condition: 'order_id < 380', on_failure: 'fail' };
    await expect(refused({ business_rules: [expects] })).rejects.toThrow('order_id < 380');
    const lookup = { type: 'lookup', from: { file: 'c' }, on: { customer: 'name' }, take: ['x'], on_miss: 'fail' };
    const lookups = { 1: [{ name: 'Ada', x: 1 }] };
    await expect(refused({ business_rules: [lookup] }, { lookups })).rejects.toThrow('customer');
    const targetColumns = [{ name: 'gone', type: 'text', nullable: true, isId: true }];
    await expect(refused({ on_missing_column: 'fail', exclude: ['nothing'] }, { targetColumns })).rejects.toThrow(
      'nothing',
    );
  });
});

describe('the article’s configuration in pieces as in one go', { timeout: 120_000 }, () => {
  const { pipelines: article } = parseConfig(articleConfig(), 'article.json');

  test('users of an API', async () => {
    const users = Array.from({ length: 500 }, (_, i) => ({
      user_id: i % 450,
      first_name: `First ${i % 45}`,
      last_name: i % 50 === 0 ? null : `Last ${i % 450}`,
      status: i % 4 === 0 ? 'gone' : 'active',
      since: `2025-01-${String((i % 28) + 1).padStart(2, '0')}`,
    }));
    const { business_rules, key_columns, load_mode } = article.user_data_pipeline ?? {};
    const settings = { business_rules, key_columns, load_mode };
    const files = { 'users.json': JSON.stringify({ results: users }) };
    const { manifest } = await expectSamePipeline({ files, settings, partBytes: 6_000, bucketBytes: 9_000 });
    expect(manifest.counts).toMatchObject({ rows_read: 500, rows_filtered: 125, rows_deduplicated: 25 });
  });

  test('sales of a file', async () => {
    const { load_mode } = article.sales_data_pipeline ?? {};
    const lines = Array.from({ length: 800 }, (_, i) =>
      [i % 9 === 8 ? i - 4 : i, `2025-02-${String((i % 28) + 1).padStart(2, '0')}`, `${i % 90}.5`, ''].join(','),
    );
    const files = { 'sales.csv': `id,sales_date,amount,memo\n${lines.join('\n')}\n` };
    await expectSamePipeline({ files, settings: { load_mode }, partBytes: 2_000, bucketBytes: 6_000 });
  });
});
