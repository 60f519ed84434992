import { expect, test } from 'vitest';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

test('a CSV file becomes typed columns with an id and the time of extraction', async () => {
  const { manifest, rows, rejected } = await runTransform({
    format: 'csv',
    content: 'id,zip,Amount (USD),born,seen\n1,02134,19.90,2001-02-03,2024-05-01T12:00:00+09:00\n2,90210,5,,\n',
  });
  expect(typesOf(manifest)).toEqual({
    id: 'bigint',
    zip: 'text',
    amount_usd: 'numeric(38,2)',
    born: 'date',
    seen: 'timestamptz',
  });
  expect(manifest.columns[3]).toMatchObject({ name: 'amount_usd', source_name: 'Amount (USD)' });
  expect(withoutService(rows)).toEqual([
    { id: '1', zip: '02134', amount_usd: '19.90', born: '2001-02-03', seen: '2024-05-01 03:00:00+00' },
    { id: '2', zip: '90210', amount_usd: '5.00', born: null, seen: null },
  ]);
  expect(rows[0]?.uuid_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(rows[0]?.extracted_at).toBe('2026-01-02 03:04:05.678+00');
  expect(rejected).toEqual([]);
  expect(manifest.counts).toEqual({
    rows_read: 2,
    rows_filtered: 0,
    rows_deduplicated: 0,
    rows_rejected: 0,
    rows_clean: 2,
  });
});

test('the rules of the article run as they stand', async () => {
  const users = [
    { user_id: 1, first_name: 'Ada', last_name: "O'Neil", status: 'active' },
    { user_id: 2, first_name: '花子', last_name: '山田', status: 'inactive' },
    { user_id: 3, first_name: 'Bo', last_name: null, status: 'active' },
    { user_id: null, first_name: 'No', last_name: 'Key', status: 'active' },
    { user_id: 1, first_name: 'Ada', last_name: 'Byron', status: 'active' },
  ];
  const { manifest, rows, rejected } = await runTransform(
    { format: 'ndjson', content: users.map((user) => JSON.stringify(user)).join('\n') },
    {
      key_columns: ['user_id'],
      load_mode: 'upsert',
      business_rules: [
        { type: 'filter', condition: "status == 'active'" },
        { type: 'enrich', new_column: 'full_name', logic: "first_name + ' ' + last_name" },
      ],
    },
  );
  expect(withoutService(rows)).toEqual([
    { user_id: '3', first_name: 'Bo', last_name: '', status: 'active', full_name: 'Bo ' },
    { user_id: '1', first_name: 'Ada', last_name: 'Byron', status: 'active', full_name: 'Ada Byron' },
  ]);
  expect(rejected).toMatchObject([
    { source: 'input-0', row_number: 4, column_name: 'user_id', reason: 'is required and has no value', row: users[3] },
  ]);
  expect(manifest.counts).toEqual({
    rows_read: 5,
    rows_filtered: 1,
    rows_deduplicated: 1,
    rows_rejected: 1,
    rows_clean: 2,
  });
});
