import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { BudgetExceededError, checkBudget } from '../../lib/estimate/check-budget.ts';
import { dpuOf } from '../../lib/estimate/dpu.ts';
import { allInserted, estimateLoad } from '../../lib/estimate/estimate-load.ts';
import { runInAws } from '../../lib/estimate/run-in-aws.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { chunkGroups } from '../../lib/load/chunk-groups.ts';
import { pricesIn, pricesOf } from '../../lib/prices.ts';
import { scatteredRun } from '../support/aws/scattered-run.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { interpret } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const inserted = (rows: number) => ({ inserted: rows, updated: 0, unchanged: 0, deleted: 0 });

const config = parseConfig(
  'pipelines: { sales: { source_type: file, file_path: sales.csv, target_table: sales, load_mode: upsert, key_columns: [id] } }',
  'etl.yaml',
);

describe('the DPU of a load', () => {
  it('are those of the example of the user guide', () => {
    // 100 rows of 100 bytes in one transaction; the guide gives 0.709. The ledger row is ours.
    const { compute, read, write } = dpuOf({ row_bytes: 100, transactions: 1 }, inserted(100), 0, false);
    expect(write - 128 * 0.000_048_83).toBeCloseTo(0.625, 3);
    expect(read).toBeCloseTo(0.00375, 5);
    expect(write + read + compute).toBeCloseTo(0.709, 1);
  });

  it('count 1,024 bytes a transaction, 128 a row and an entry of an index, and what is replicated', () => {
    expect(dpuOf({ row_bytes: 10, transactions: 1 }, inserted(1), 0, false).write).toBeCloseTo(1_024 * 0.000_048_83, 9);
    const one = dpuOf({ row_bytes: 1_000, transactions: 1 }, inserted(1_000), 0, false);
    const indexed = dpuOf({ row_bytes: 1_000, transactions: 1 }, inserted(1_000), 2, true);
    expect(indexed.write - one.write).toBeCloseTo(2 * 128 * 1_000 * 0.000_048_83, 6);
    expect(indexed.replicated).toBe(indexed.write);
    expect(one.replicated).toBe(0);
  });

  it('of rows that stay as they are are those of reading them', () => {
    const same = dpuOf(
      { row_bytes: 1_000, transactions: 5 },
      { inserted: 0, updated: 0, unchanged: 10_000, deleted: 0 },
      1,
      false,
    );
    expect(same.write).toBeCloseTo(5 * 1_024 * 0.000_048_83, 6);
    expect(same.read).toBeCloseTo(10_000_000 * 0.000_001_831_05, 6);
  });
});

describe('a run in AWS', () => {
  const none = { indexes: false, concludes: false, tells: false, takesObjects: false, shapes: false };

  it.each([
    { chunks: 1, map: 'inline', index: false, conclude: false, extra: '' },
    { chunks: 3, map: 'inline', index: true, conclude: true, extra: '' },
    { chunks: 401, map: 'inline', index: false, conclude: true, extra: ', notify: { on_success: true }' },
    { chunks: 5, map: 'distributed', index: false, conclude: false, extra: '' },
  ] as const)(
    'enters as many states and calls as many functions as the machine ($chunks chunks, $map)',
    async (plan) => {
      const whole = parseConfig(
        `pipelines: { sales: { source_type: file, file_path: sales.csv, target_table: sales${plan.extra} } }`,
        'etl.yaml',
      );
      let calls = 0;
      const answers: Readonly<Record<string, unknown>> = {
        Start: { next: 'go', run: { run_id: 'r' }, reason: null },
        Extract: { complete: true, scattered: false },
        Conclude: { rows_deleted: 0, verified: null },
        Transform: { complete: true },
        Prepare: {
          groups: chunkGroups(plan.chunks, plan.map),
          distributed: plan.map === 'distributed',
          warnings: [],
          was_empty: true,
          index: plan.index,
          conclude: plan.conclude,
        },
      };
      const outcome = await interpret(machineDefinition(whole) as unknown as Machine, {
        input: { pipeline: 'sales' },
        execution: {
          Id: 'arn:aws:states:us-east-1:000000000000:execution:etl:one',
          Name: 'one',
          StartTime: '2026-01-01T00:00:00Z',
        },
        runTask: async ({ args, state }: Task) => {
          calls += 1;
          const { to } = args.Payload as { readonly to?: number };
          return { Payload: answers[state] ?? { from: to, complete: true, conflict_retries: 0 } };
        },
      });
      expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
      const bytes = plan.map === 'inline' ? 1 : whole.deploy.scatter_above_mb * 1024 * 1024 + 1;
      const found = runInAws({ rows: 1, bytes, chunks: plan.chunks }, whole.deploy, {
        ...none,
        indexes: plan.index,
        concludes: plan.conclude,
        tells: plan.extra !== '',
      });
      const transitions = outcome.mapRuns.reduce((sum, run) => sum + run.transitions, outcome.path.length);
      expect({ transitions: found.transitions, calls: found.calls }).toEqual({ transitions, calls });
    },
  );
});

describe('a run in AWS whose source is cleaned in pieces', () => {
  it.each([false, true])(
    'enters as many states and calls as many functions as the machine (shapes: %s)',
    async (shapes) => {
      let calls = 0;
      const before = (): void => {
        calls += 1;
      };
      // Where objects or lists get another shape, the first plan asks for all slices once more.
      const all = Array.from({ length: 20 }, (_, slice) => ({ slice }));
      const outcome = await scatteredRun({ parts: 20, buckets: 5, before, again: shapes ? [all] : [] });
      expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
      const sizes = { partBytes: 1e8, bucketBytes: 4e8 };
      const more = { indexes: false, concludes: true, tells: false, takesObjects: true, shapes };
      const deploy = { ...config.deploy, scatter_above_mb: 1 };
      const found = runInAws({ rows: 1, bytes: 20e8, chunks: 20 }, deploy, more, sizes);
      const transitions = outcome.mapRuns.reduce((sum, run) => sum + run.transitions, outcome.path.length);
      expect({ transitions: found.transitions, calls: found.calls }).toEqual({ transitions, calls });
      const one = runInAws({ rows: 1, bytes: 20e8, chunks: 20 }, deploy, more);
      expect(found.gb_seconds).toBeGreaterThan(one.gb_seconds);
      expect(found.seconds).toBeLessThan(one.seconds);
    },
  );
});

describe('a budget', () => {
  const settings = config.pipelines.sales;
  if (settings === undefined) throw new Error('no pipeline');
  const size = { rows: 1_200_000, row_bytes: 300, transactions: 600, chunks: 15, measured_rows: 80_000 };
  const estimate = estimateLoad({
    size,
    rows: allInserted(size),
    settings,
    deploy: config.deploy,
    region: 'ap-northeast-1',
  });

  it('says by how much each limit is passed', () => {
    expect(() => checkBudget('sales', { rows: 1_000_000, dpu: 10_000, usd: 0.1 }, estimate)).toThrow(
      BudgetExceededError,
    );
    expect(() => checkBudget('sales', { rows: 1_000_000 }, estimate)).toThrow(
      'Pipeline sales would cost more than its budget allows: 1,200,000 rows, which is 200,000 rows (20 %) over 1,000,000 rows. Nothing was written.',
    );
    expect(() => checkBudget('sales', { rows: 1_200_000, dpu: 30_000, usd: 1 }, estimate)).not.toThrow();
  });

  it('is a limit of something', () => {
    const text = (budget: string): string =>
      `pipelines: { a: { source_type: file, file_path: a.csv, target_table: a, budget: ${budget} } }`;
    expect(() => parseConfig(text('{}'), 'etl.yaml')).toThrow('needs rows, dpu or usd');
    expect(() => parseConfig(text('{ rows: 0 }'), 'etl.yaml')).toThrow('budget.rows');
    expect(parseConfig(text('{ usd: 2.5 }'), 'etl.yaml').pipelines.a?.budget).toEqual({ usd: 2.5 });
  });

  it('is counted in the prices of the Region, or of another one where it has none', () => {
    expect(estimate.own_prices).toBe(true);
    expect(estimate.usd.dsql).toBeCloseTo((estimate.dpu.total * 10) / 1e6, 9);
    expect(pricesIn('eu-north-1')).toMatchObject({ own: false, prices: { perMillionDpu: 8 } });
    expect(Date.parse(pricesOf)).not.toBeNaN();
  });
});
