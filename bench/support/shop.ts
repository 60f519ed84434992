import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runConfigured } from '../../lib/cli/run/run-configured.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import type { Target } from '../../lib/dsql/target.ts';
import { fillRun, seededRunId, seedRuns } from './seeded-log.ts';

/** The configuration of a shop's pipelines, one for each state that a page shows. */
const config = `data_source: { base_url: https://api.example.com/v1, headers: { X-Api-Key: not-shown } }
pipelines:
  orders:
    source_type: file
    file_path: in/orders.csv
    target_table: orders
    load_mode: upsert
    key_columns: [order_id]
    columns: { amount: { type: "numeric(12,2)" }, placed_at: { type: timestamptz } }
    business_rules:
      - { type: filter, condition: "channel <> 'test'" }
      - { type: enrich, new_column: net_amount, logic: "round(amount / 1.1, 2)" }
      - { type: expect, condition: "quantity > 0", name: something was ordered }
    schedule: { rate: 1 hour }
  payments:
    source_type: file
    file_path: in/payments.csv
    target_table: payments
    columns: { amount: { type: "numeric(12,2)" } }
    schedule: { rate: 15 minutes, success_within_hours: 2 }
  inventory: { source_type: file, file_path: in/inventory.csv, target_table: inventory, schedule: { rate: 1 hour } }
  web_events: { source_type: file, file_path: in/events.ndjson, target_table: web_events, schedule: { rate: 1 hour } }
  products: { source_type: file, file_path: in/products.csv, target_table: products, load_mode: upsert, key_columns: [sku] }
  customers: { source_type: file, file_path: in/customers.csv, target_table: customers, schedule: { cron: "0 3 * * ? *", time_zone: Asia/Tokyo } }
  exchange_rates:
    source_type: api
    endpoint: rates
    target_table: exchange_rates
    incremental: { cursor_column: updated_at, start_param: since }
    schedule: { cron: "30 6 * * ? *" }
`;

/** A name in Hebrew, and one as long as people make them. */
export const rightToLeft = 'הזמנות מהחנות';
export const longName = 'nightly_snapshot_of_all_warehouses_and_partner_stores_with_reserved_and_damaged_stock_v2';
const japanese = '店舗別売上データ集計';

const lines = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index + 1)).join('\n');

function orders(from: number, count: number, more: string): string {
  const cities = ['Osaka', 'Lyon', 'Austin', 'Sendai', 'Leeds'];
  const row = (n: number): string => {
    const amount = n % 311 === 0 ? 'N/A' : ((n * 7919) % 48_000) / 100;
    const quantity = n % 997 === 0 ? 0 : (n % 5) + 1;
    return `${from + n},${cities[n % 5]},${n % 23 === 0 ? 'test' : 'web'},2026-05-14T0${n % 9}:${String(n % 60).padStart(2, '0')}:00Z,${amount},${quantity}${more === '' ? '' : `,gift ${n % 3}`}`;
  };
  return `order_id,city,channel,placed_at,amount,quantity${more}\n${lines(count, row)}\n${row(7)}\n${row(11)}\n`;
}

/** What is on the page of the shop, by what it shows. */
export interface Shop {
  readonly runs: Readonly<Record<'succeeded' | 'warned' | 'failed' | 'running' | 'skipped', string>>;
}

/** Writes the configuration and the sources of the shop. @returns the configuration's file */
export function writeShop(folder: string): string {
  mkdirSync(path.join(folder, 'in'), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, 'in', name), text);
  write('orders.csv', orders(100_000, 12_000, ''));
  write(
    'payments.csv',
    `payment_id,amount,paid_on\n${lines(600, (n) => `${n},${n % 3 === 0 ? '12.50' : n % 3 === 1 ? '1.250,00 €' : 'pending'},2026-05-14`)}\n`,
  );
  write('products.csv', `sku,name,price\n${lines(420, (n) => `SKU-${1000 + n},Product ${n},${n}.90`)}\n`);
  write('customers.csv', `customer_id,name,city\n${lines(900, (n) => `${n},Customer ${n},Kyoto`)}\n`);
  const file = path.join(folder, 'etl.yaml');
  writeFileSync(file, config);
  return file;
}

/**
 * Fills the log as it looks after some weeks: runs by the schedule, and some that were really done. `products` has run.
 * All of them lie before `now`, whatever the clock says.
 */
export async function fillShop(target: Target, folder: string, now: Date): Promise<Shop> {
  const { sql } = target;
  const before = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000);
  const run = async (pipeline: string, minutes: number): Promise<string> =>
    await runAt(target, folder, pipeline, before(minutes));
  const seed = { runs: 29, everyMinutes: 60, until: before(5) };
  await run('orders', 60 * 24 * 3);
  await seedRuns(sql, { ...seed, pipeline: 'orders', rows: 11_000, rejectEvery: 9, failEvery: 20 });
  writeFileSync(path.join(folder, 'in', 'orders.csv'), orders(104_000, 12_400, ',note'));
  const warned = await run('orders', 4);
  await seedRuns(sql, { ...seed, pipeline: 'payments', runs: 40, everyMinutes: 15, rows: 2_400, until: before(200) });
  const failed = await run('payments', 11);
  await seedRuns(sql, { ...seed, pipeline: 'inventory', rows: 6_800, until: before(60 * 7) });
  await seedRuns(sql, { ...seed, pipeline: 'web_events', rows: 310_000, skipEvery: 8 });
  const running = await startRun(target, 'web_events', before(0.7));
  const skipped = await run('products', 60 * 6);
  await seedRuns(sql, { ...seed, pipeline: 'customers', everyMinutes: 24 * 60, rows: 900, until: before(60 * 15) });
  const succeeded = await run('customers', 60 * 15);
  await seedRuns(sql, {
    ...seed,
    pipeline: 'legacy_export',
    runs: 12,
    everyMinutes: 24 * 60,
    rows: 52_000,
    until: before(60 * 24 * 40),
  });
  writeFileSync(path.join(folder, 'in', 'orders.csv'), orders(114_000, 4_800, ',note'));
  return { runs: { succeeded, warned, failed, running, skipped } };
}

/** Runs a pipeline, and lets the log say that it was at another time. @returns the run's id */
export async function runAt(target: Target, folder: string, pipeline: string, began: Date): Promise<string> {
  const loaded = loadConfig(path.join(folder, 'etl.yaml'));
  const [result] = await runConfigured(loaded, [pipeline], { target: 'local', json: true, quiet: true });
  const runId = result?.run_id ?? '';
  await moveRun(target, runId, began, result?.target_table === 'customers' ? 'customers' : undefined);
  return runId;
}

/**
 * Lets a run that was done have begun at another time, with what it left in the log.
 *
 * @param table  whose rows are moved too, all of them: at most 3,000
 */
async function moveRun({ sql }: Target, runId: string, to: Date, table?: string): Promise<void> {
  const [row] = await sql.unsafe<{ readonly start: string }[]>(
    'SELECT start_time::text AS start FROM public.etl_execution_log WHERE run_id = $1',
    [runId],
  );
  const by = '($1::text::timestamptz - $2::text::timestamptz)';
  const times = [to, row?.start ?? ''];
  if (table !== undefined) {
    const set = `created_at = created_at + ${by}, updated_at = updated_at + ${by}`;
    await sql.unsafe(`UPDATE public.${table} SET ${set}`, times);
  }
  const move = async (of: string, column: string): Promise<void> => {
    await sql.unsafe(`UPDATE public.${of} SET ${column} = ${column} + ${by} WHERE run_id = $3`, [...times, runId]);
  };
  await move('etl_execution_log', 'start_time');
  await move('etl_execution_log', 'end_time');
  await move('etl_load_ledger', 'loaded_at');
  await move('etl_rejected_row', 'rejected_at');
}

/** A run that is under way, with the batches that have landed. */
async function startRun({ sql }: Target, pipeline: string, began: Date): Promise<string> {
  const runId = 'b3f1c2d4-5a60-4c1e-9d7f-0f6f5e7a8b90';
  await sql.unsafe(
    `INSERT INTO public.etl_execution_log (run_id, pipeline_name, status, trigger, start_time, target_table, kind, load_mode, epoch)
     VALUES ($1, $2, 'running', 'schedule', $3::text::timestamptz, $2, 'load', 'insert', 30)`,
    [runId, pipeline, began],
  );
  const lease = {
    holder: runId,
    run_id: runId,
    host: 'a function',
    pid: 0,
    expires_at: '2100-01-01T00:00:00Z',
    progress: { stage: 'load', rows: 203_000, of: 310_000 },
  };
  await sql.unsafe(
    `INSERT INTO public.etl_state (pipeline_name, lease, run_id, epoch, updated_at)
     VALUES ($1, $2::text::jsonb, $3, 30, $4::text::timestamptz + interval '36 seconds')`,
    [pipeline, JSON.stringify(lease), runId, began],
  );
  await sql.unsafe(
    `INSERT INTO public.etl_load_ledger (run_id, chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected, loaded_at)
     SELECT $1, 0, n::text, 2900, 2900, 0, 0, $2::text::timestamptz + (6 + n * 0.4 + 1.5 * sin(n / 5.0)) * interval '1 second'
       FROM generate_series(1, 70) AS n`,
    [runId, began],
  );
  return runId;
}

/** Adds what is hard to show: names of every length and direction, and cells of 100 KB. @returns a run of the longest name, and the table */
export async function addOddities(
  { sql }: Target,
  now: Date,
): Promise<{ readonly run: string; readonly table: string }> {
  const until = new Date(now.getTime() - 30 * 60_000);
  const seed = { runs: 30, everyMinutes: 120, rows: 1_200, until };
  for (const pipeline of [longName, rightToLeft, japanese]) {
    await seedRuns(sql, {
      ...seed,
      pipeline,
      failEvery: pipeline === longName ? 4 : 0,
      rejectEvery: 5,
      table: `${pipeline.slice(0, 40)}`,
    });
  }
  const run = await seededRunId(sql, longName, 28);
  await fillRun(sql, longName, run, { batches: 40, rejected: 60 });
  await sql.unsafe(
    'CREATE TABLE public.odd_cells (id bigint PRIMARY KEY, text text, other text, amount numeric, seen_at timestamptz)',
  );
  await sql.unsafe(
    `INSERT INTO public.odd_cells VALUES (1, repeat('x', 100000), 'short', 12.5, '2026-05-14T09:00:00Z'),
      (2, '${rightToLeft}', repeat('${rightToLeft} ', 30), -1250000.75, NULL), (3, E'two\\nlines', '<b>&amp; tags</b>', NULL, NULL),
      (4, '${japanese.repeat(20)}', E'\\u202eback', 0, '2026-05-14T09:00:00Z')`,
  );
  return { run, table: 'odd_cells' };
}
