import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;

const pipeline = (budget: string): string => `pipelines:
  items:
    source_type: file
    file_path: items.csv
    target_table: items
    load_mode: upsert
    key_columns: [id]
    batch_rows: 700${budget}
`;

interface Estimated {
  readonly measured: { readonly rows: number; readonly row_bytes: number };
  readonly expected: {
    readonly rows: unknown;
    readonly transactions: number;
    readonly dpu: { readonly total: number };
  };
  readonly most: { readonly rows: unknown };
  readonly over_budget: string | null;
}

beforeAll(async () => {
  space = await inProcess();
  const rows = Array.from({ length: 5_000 }, (_, i) => `${i},name of ${i},${i / 4}`);
  space.write('items.csv', `id,name,price\n${rows.join('\n')}\n`);
  space.write('etl.yaml', pipeline(''));
});

afterAll(async () => await space.remove());

async function estimate(status = 0): Promise<Estimated> {
  const ended = await space.etl('estimate', '--json', '--target', 'local');
  expect(ended.status, ended.stderr).toBe(status);
  const [first] = (JSON.parse(ended.stdout) as { readonly estimates: readonly Estimated[] }).estimates;
  if (first === undefined) throw new Error('no estimate');
  return first;
}

describe('etl estimate', () => {
  it('predicts the rows and transactions of the run, and of the next one that nothing changes', async () => {
    const before = await estimate();
    expect(before).toMatchObject({
      over_budget: null,
      measured: { rows: 5_000, measured_rows: 5_000, rows_read: 5_000 },
    });
    expect(before.expected.rows).toEqual({ inserted: 5_000, updated: 0, unchanged: 0, deleted: 0 });
    expect(await space.sql("SELECT 1 FROM pg_class WHERE relname = 'items'")).toEqual([]);
    const [run] = await space.run();
    expect(run).toMatchObject({ status: 'success', rows_inserted: 5_000 });
    const ledger = `SELECT count(*) AS n FROM etl_load_ledger WHERE run_id = '${run?.run_id ?? ''}'`;
    expect(await space.sql(ledger)).toEqual([{ n: String(before.expected.transactions) }]);
    const after = await estimate();
    expect(after.expected.rows).toEqual({ inserted: 0, updated: 0, unchanged: 5_000, deleted: 0 });
    expect(after.expected.dpu.total).toBeLessThan(before.expected.dpu.total / 5);
    expect(after.most.rows).toEqual(before.most.rows);
  });

  it('tells measured, computed and assumed figures apart', async () => {
    const { stdout } = await space.etl('estimate', 'items', '--target', 'local', '--region', 'ap-northeast-1');
    for (const text of [
      /^items → items, upsert/,
      /Measured here\n {2}5,000 rows read and 5,000 to load, in .* s; \d+ bytes a row\n {2}\d+ transactions in 1 chunk\n/,
      /Computed of it by the formulas of the user guide, for a run in AWS\n +expected +at most\n/,
      /rows inserted +0 +5,000\n/,
      /Assumed\n.*\n {2}list prices of ap-northeast-1 of \d{4}-\d\d-\d\d/,
    ]) {
      expect(stdout).toMatch(text);
    }
  });
});

describe('a budget', () => {
  it('stops a run before it makes or writes anything, and says by how much', async () => {
    space.write(
      'etl.yaml',
      pipeline('\n    budget: { rows: 4000 }').replaceAll('target_table: items', 'target_table: dear'),
    );
    expect((await estimate(1)).over_budget).toMatch(/5,000 rows, which is 1,000 rows \(25 %\) over 4,000 rows/);
    const [run] = await space.run();
    expect(run).toMatchObject({ status: 'failed', error_code: 'budget_exceeded', rows_loaded: 0 });
    expect(await space.sql("SELECT 1 FROM pg_class WHERE relname = 'dear'")).toEqual([]);
    const preview = await space.etl('preview', '--target', 'local');
    expect(preview.stdout).toContain('a run would fail: Pipeline items would cost more than its budget allows');
    space.write(
      'etl.yaml',
      pipeline('\n    budget: { rows: 5000, usd: 5 }').replaceAll('target_table: items', 'target_table: dear'),
    );
    expect((await space.run())[0]).toMatchObject({ status: 'success', rows_loaded: 5_000 });
  });
});
