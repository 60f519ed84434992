import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { articleConfig } from '../support/article-config.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { runCommand } from '../support/workspace.ts';

const userCount = 3_500;
const saleCount = 20_000;
const statuses = ['active', 'inactive', 'active', 'deleted', 'active'];
const names = [
  'Ann',
  "O'Neil",
  'Smith, John',
  'line\nbreak',
  '山田 花子',
  '🦜',
  'quote"d',
  null,
  'back\\slash',
  '{brace}',
];

const users = Array.from({ length: userCount }, (_, index) => ({
  user_id: index + 1,
  first_name: names[index % names.length],
  last_name: names[(index * 3 + 1) % names.length],
  status: statuses[index % statuses.length],
  score: index % 3 === 0 ? null : index / 8,
}));
const active = users.filter((user) => user.status === 'active');

const salesCsv = [
  'sale_id,sku,amount,sold_at,note',
  ...Array.from({ length: saleCount }, (_, index) => {
    const note = index % 100 === 0 ? '"a ""quoted"", note"' : index % 7 === 0 ? '' : `note ${index}`;
    return `${index + 1},${String(index % 1000).padStart(5, '0')},${(index / 4).toFixed(2)},2025-03-${String((index % 28) + 1).padStart(2, '0')}T10:00:00Z,${note}`;
  }),
].join('\n');

let space: InProcess;
let api: TestServer;
let requests = 0;

beforeAll(async () => {
  space = await inProcess();
  api = await serve((request, response) => {
    requests += 1;
    if (requests === 1) {
      response.writeHead(429).end();
      return;
    }
    expect(request.url).toBe('/users?limit=1000&format=json');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results: users }));
  });
  space.write('config.json', articleConfig({ baseUrl: api.url, salesFile: 'sales.csv' }));
  space.write('sales.csv', salesCsv);
});

afterAll(async () => {
  await api.close();
  await space.remove();
});

/** Results of `etl run --json` with these arguments. */
async function runsOf(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await space.etl('run', '--json', '--target', 'local', ...args);
  return (JSON.parse(stdout) as { readonly runs: readonly Record<string, unknown>[] }).runs;
}

describe("the article's configuration", () => {
  let firstIds: readonly Record<string, unknown>[];

  it('loads both pipelines, and the numbers add up', async () => {
    const { status, stderr, stdout } = await runCommand(space.folder, ['run', '--target', 'local', '--json']);
    expect(stderr).not.toMatch(/ {4}at /);
    expect(status).toBe(0);
    const { runs } = JSON.parse(stdout) as { readonly runs: readonly Record<string, unknown>[] };
    expect(runs).toMatchObject([
      {
        pipeline_name: 'user_data_pipeline',
        status: 'success',
        target_table: 'users',
        rows_read: userCount,
        rows_filtered: userCount - active.length,
        rows_deduplicated: 0,
        rows_rejected: 0,
        rows_loaded: active.length,
        processed_records: active.length,
        rows_inserted: active.length,
        error_code: null,
        error_message: null,
      },
      { pipeline_name: 'sales_data_pipeline', status: 'success', rows_read: saleCount, rows_loaded: saleCount },
    ]);
  });

  it('keeps names with quotes, commas, newlines, Japanese, emoji and NULL as they were', async () => {
    const rows = await space.sql('SELECT user_id, first_name, last_name, full_name FROM users ORDER BY user_id');
    expect(rows).toHaveLength(active.length);
    const expected = active.map((user) => ({
      user_id: String(user.user_id),
      first_name: user.first_name ?? '',
      last_name: user.last_name ?? '',
      full_name: `${user.first_name ?? ''} ${user.last_name ?? ''}`,
    }));
    expect(rows).toEqual(expected);
  });

  it('gives tables the columns and types of the article', async () => {
    const columns = await space.sql(
      "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'sales' ORDER BY ordinal_position",
    );
    expect(columns.map((column) => `${String(column.column_name)} ${String(column.data_type)}`)).toEqual([
      'uuid_id uuid',
      'sale_id bigint',
      'sku text',
      'amount numeric',
      'sold_at timestamp with time zone',
      'note text',
      'extracted_at timestamp with time zone',
      'created_at timestamp with time zone',
      'updated_at timestamp with time zone',
    ]);
  });

  it('loses no digit, zero or blank of the sales', async () => {
    const [sum] = await space.sql(
      "SELECT count(*) AS n, sum(amount) AS total, count(*) FILTER (WHERE note = '') AS blank, min(sku) AS sku FROM sales",
    );
    const total = Array.from({ length: saleCount }, (_, index) => index * 25).reduce((a, b) => a + b, 0);
    const blank = Array.from({ length: saleCount }, (_, index) => index).filter((i) => i % 100 !== 0 && i % 7 === 0);
    expect(sum).toEqual({
      n: String(saleCount),
      total: (total / 100).toFixed(2),
      blank: String(blank.length),
      sku: '00000',
    });
    const query = 'SELECT note FROM sales WHERE sale_id = 101';
    const { stdout } = await space.etl('sql', query, '--json', '--target', 'local');
    const [quoted] = JSON.parse(stdout) as readonly Record<string, unknown>[];
    expect(quoted).toEqual({ note: 'a "quoted", note' });
  });

  it('writes one row a run into the execution log', async () => {
    const log = await space.sql(
      'SELECT pipeline_name, status, processed_records, target_table, error_message FROM etl_execution_log ORDER BY pipeline_name',
    );
    expect(log).toEqual([
      {
        pipeline_name: 'sales_data_pipeline',
        status: 'success',
        processed_records: String(saleCount),
        target_table: 'sales',
        error_message: null,
      },
      {
        pipeline_name: 'user_data_pipeline',
        status: 'success',
        processed_records: String(active.length),
        target_table: 'users',
        error_message: null,
      },
    ]);
    firstIds = await space.sql('SELECT user_id, uuid_id, created_at FROM users ORDER BY user_id');
  });

  it('run again skips the file and upserts the API without changing ids or creation times', async () => {
    const runs = await runsOf();
    expect(runs).toMatchObject([
      {
        status: 'success',
        rows_loaded: active.length,
        rows_inserted: 0,
        rows_updated: 0,
        rows_unchanged: active.length,
      },
      { status: 'skipped', error_code: 'already_loaded' },
    ]);
    expect(await space.sql('SELECT user_id, uuid_id, created_at FROM users ORDER BY user_id')).toEqual(firstIds);
    expect(await space.sql('SELECT count(*) AS n FROM sales')).toEqual([{ n: String(saleCount) }]);
  });

  it('run with --again reads the file once more and doubles nothing', async () => {
    const [run] = await runsOf('sales_data_pipeline', '--again');
    expect(run).toMatchObject({ status: 'success', rows_read: saleCount, rows_loaded: saleCount, rows_inserted: 0 });
    expect(await space.sql('SELECT count(*) AS n FROM sales')).toEqual([{ n: String(saleCount) }]);
  });

  it('shows its runs newest first', async () => {
    const { stdout } = await space.etl('runs', 'sales_data_pipeline', '--json', '--target', 'local');
    const runs = JSON.parse(stdout) as readonly Record<string, unknown>[];
    expect(runs.map((run) => run.status)).toEqual(['success', 'skipped', 'success']);
  });
});
