import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';

let etl: InProcess;

beforeAll(async () => {
  etl = await inProcess();
});

afterAll(async () => {
  delete process.env.TEST_MASK_KEY;
  await etl.remove();
});

it('a rejected row is kept with its values hidden, and gives what it would have given when it is run again', async () => {
  process.env.TEST_MASK_KEY = 'the key';
  const hidden = (text: string): string => `hmac-sha256:${createHmac('sha256', 'the key').update(text).digest('hex')}`;
  etl.write('people.csv', 'id,email,phone,age\n1,a@example.com,0123456789,30\n2,b@example.com,0987654321,old\n');
  const config = (type: string): string => `pipelines:
  people:
    source_type: file
    file_path: people.csv
    target_table: people
    columns: { age: ${type}, email: text, phone: text }
    business_rules:
      - { type: mask, column: email, method: hash, key: { env: TEST_MASK_KEY } }
      - { type: mask, column: phone, method: last4 }
      - { type: cast, column: age, to: integer, on_failure: ${type === 'text' ? 'null' : 'reject'} }
`;
  etl.write('etl.yaml', config('bigint'));
  const [loaded] = await etl.run();
  expect(loaded).toMatchObject({ status: 'success', rows_loaded: 1, rows_rejected: 1 });
  const kept = JSON.stringify(await etl.sql('SELECT * FROM etl_rejected_row'));
  expect(kept).not.toMatch(/example\.com|0987654321/);
  expect(kept).toContain(hidden('b@example.com'));
  etl.write('etl.yaml', config('text'));
  const replayed = await etl.etl('replay', loaded?.run_id ?? '', '--target', 'local', '--quiet');
  expect(replayed.stderr).toBe('');
  expect(await etl.sql('SELECT id, email, phone, age FROM people ORDER BY id')).toEqual([
    { id: '1', email: hidden('a@example.com'), phone: '****6789', age: 30 },
    { id: '2', email: hidden('b@example.com'), phone: '****4321', age: null },
  ]);
});
