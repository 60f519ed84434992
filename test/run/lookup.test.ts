import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lookAtPipelines } from '../../lib/cli/run/look-context.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import { previewPipeline } from '../../lib/preview/preview-pipeline.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let etl: InProcess;

beforeAll(async () => {
  etl = await inProcess();
});

afterAll(async () => {
  await etl.remove();
});

beforeEach(() => {
  etl.write('countries.csv', 'code,name,people\nDE,Germany,84\nFR,France,68\n007,Nowhere,\n');
  etl.write('orders.csv', 'id,country\n1,FR\n2,DE\n3,XX\n4,\n5,007\n');
});

const rule = (onMiss: string, from = '{ file: countries.csv }', on = '{ country: code }'): string =>
  `{ type: lookup, from: ${from}, on: ${on}, take: { country_name: name, people: people }, on_miss: ${onMiss} }`;

function configure(rules: string, table: string, mode = 'load_mode: upsert, key_columns: [id]'): void {
  etl.write(
    'etl.yaml',
    `pipelines: { orders: { source_type: file, file_path: orders.csv, target_table: ${table}, ${mode}, business_rules: [${rules}] } }`,
  );
}

const rowsOf = (table: string) => etl.sql(`SELECT id, country_name, people FROM ${table} ORDER BY id`);

describe('a lookup', () => {
  it('takes columns from a file by key, and rejects rows without a match, as the preview says', async () => {
    configure(rule('reject'), 'rejecting');
    const [preview] = await lookAtPipelines(
      loadConfig(path.join(etl.folder, 'etl.yaml')),
      [],
      { target: 'local' },
      (context) => previewPipeline(context, {}),
    );
    const [result] = await etl.run();
    expect(result).toMatchObject({ status: 'success', rows_read: 5, rows_rejected: 2, rows_inserted: 3 });
    expect(preview).toMatchObject({
      counts: { rows_read: 5, rows_rejected: 2, rows_clean: 3 },
      rules: [{ type: 'lookup', text: 'country in countries.csv', rows_rejected: 2 }],
    });
    expect(await rowsOf('rejecting')).toEqual([
      { id: '1', country_name: 'France', people: '68' },
      { id: '2', country_name: 'Germany', people: '84' },
      { id: '5', country_name: 'Nowhere', people: null },
    ]);
    const rejected = await etl.sql(
      `SELECT row_number, reason FROM etl_rejected_row WHERE run_id = '${result?.run_id}' ORDER BY 1`,
    );
    expect(rejected).toEqual([
      { row_number: '4', reason: 'has no row in countries.csv for its country' },
      { row_number: '5', reason: 'has no row in countries.csv for its country' },
    ]);
  });

  it('leaves rows without a match as they are, or fails the run, where on_miss says so', async () => {
    configure(rule('null'), 'leaving');
    expect((await etl.run())[0]).toMatchObject({ status: 'success', rows_inserted: 5 });
    expect((await rowsOf('leaving'))[2]).toEqual({ id: '3', country_name: null, people: null });
    configure(rule('fail'), 'failing');
    expect((await etl.run())[0]).toMatchObject({
      status: 'failed',
      error_code: 'rule_failed',
      error_message: expect.stringContaining(
        'of 2 rows (first: orders.csv, row 4): country_name has no row in countries.csv',
      ),
    });
  });

  it('reads a table of the target once, finds numbers however they are written, and sees what has changed there', async () => {
    await etl.sql('CREATE TABLE rates (code numeric(10,2) PRIMARY KEY, name text, people integer)');
    await etl.sql(`INSERT INTO rates VALUES (1, 'one', 1), (2, 'two', 2)`);
    etl.write('orders.csv', 'id,country\n10,1\n11,2\n12,2.00\n');
    configure(rule('reject', '{ table: rates }'), 'rated');
    expect((await etl.run())[0]).toMatchObject({ status: 'success', rows_inserted: 3 });
    expect(await rowsOf('rated')).toEqual([
      { id: '10', country_name: 'one', people: 1 },
      { id: '11', country_name: 'two', people: 2 },
      { id: '12', country_name: 'two', people: 2 },
    ]);
    await etl.sql(`UPDATE rates SET name = 'zwei' WHERE code = 2`);
    expect((await etl.run())[0]).toMatchObject({ status: 'success', rows_updated: 2, rows_unchanged: 1 });
  });

  it('keeps the order of many rows, so that a rejected one is named by its own place', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${i === 20_000 ? 'XX' : i % 2 === 0 ? 'DE' : 'FR'}`);
    etl.write('orders.csv', `id,country\n${rows.join('\n')}\n`);
    configure(rule('reject'), 'many', 'load_mode: insert');
    const [result] = await etl.run();
    expect(result).toMatchObject({ status: 'success', rows_inserted: 29_999, rows_rejected: 1 });
    const rejected = await etl.sql(
      `SELECT row_number, row->>'id' AS id FROM etl_rejected_row WHERE run_id = '${result?.run_id}'`,
    );
    expect(rejected).toEqual([{ row_number: '20002', id: '20000' }]);
    expect(await etl.sql(`SELECT country_name, count(*) FROM many WHERE id % 2 = 1 GROUP BY 1`)).toEqual([
      { country_name: 'France', count: '15000' },
    ]);
  });

  it.each([
    [
      'a key twice',
      'code,name,people\nDE,Germany,84\nFR,France,68\nDE,Deutschland,1\n',
      undefined,
      /1 of its rows have the code of an earlier one \(first: countries\.csv, row 4\)/,
    ],
    ['a row that cannot be read', 'code,name,people\nDE,Germany,84,more\n', undefined, /1 of its rows cannot be read/],
    [
      'no such column',
      'code,nam,people\nDE,Germany,84\n',
      undefined,
      /take of business rule 1 names name, which countries\.csv does not have\. Did you mean nam\?/,
    ],
    ['no such table', 'code\nDE\n', '{ table: nothing }', /nothing cannot be looked up: there is no such table/],
    ['no such file', 'code\nDE\n', '{ file: other.csv }', /other\.csv/],
  ])('fails a run before anything is loaded for %s', async (_, content, from, expected) => {
    etl.write('countries.csv', content);
    configure(rule('reject', from), 'refused');
    const [result] = await etl.run();
    expect(result).toMatchObject({ status: 'failed', rows_loaded: 0 });
    expect(result?.error_message).toMatch(expected);
    expect(await etl.sql(`SELECT relname FROM pg_class WHERE relname = 'refused'`)).toEqual([]);
  });
});
