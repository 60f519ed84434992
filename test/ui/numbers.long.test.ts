import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedRuns } from '../../bench/support/seeded-log.ts';
import type { InProcess } from '../support/in-process.ts';
import { openPageSpace, type PageOfTest } from '../support/served-page.ts';
import { type ShownNumber, shownNumbers, strayNumbers } from '../support/shown-numbers.ts';

type Row = Readonly<Record<string, unknown>>;
/** What a page must show: of what, under which name, which number. */
type Expected = readonly [of: string, name: string, value: number];

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ space, page, close } = await openPageSpace(
    `pipelines:
  items:
    source_type: file
    file_path: "items*.csv"
    target_table: items
    key_columns: [id]
    load_mode: upsert
    columns: { id: bigint, price: "numeric(10,2)" }
    business_rules: [{ type: filter, condition: "id <> 9" }, { type: expect, condition: "id < 8" }]
  missing: { source_type: file, file_path: missing.csv, target_table: missing }
  late: { source_type: file, file_path: late.csv, target_table: late, schedule: { rate: 1 hour } }
  fresh: { source_type: file, file_path: fresh.csv, target_table: fresh, schedule: { rate: 1 hour } }`,
  ));
  space.write('items-1.csv', 'id,price\n1,2.50\n2,N/A\n3,1.00\n3,1.00\n7,7\n8,8\n9,9\n');
  await space.run(['items', 'missing']);
  space.write('items-2.csv', 'id,price\n1,2.75\n4,4.00\n5,many\n');
  await space.run(['items']);
  const seed = { everyMinutes: 60, rows: 90_000, failEvery: 7, rejectEvery: 3, skipEvery: 11 };
  await seedRuns(space.target.sql, {
    ...seed,
    pipeline: 'late',
    runs: 70,
    until: new Date(Date.now() - 3 * 3_600_000),
  });
  await seedRuns(space.target.sql, { ...seed, pipeline: 'fresh', runs: 3, until: new Date(Date.now() + 1_800_000) });
});

afterAll(async () => await close());

/** The columns of a row that have a number, as numbers of something. */
function of(what: string, row: Row | undefined): Expected[] {
  return Object.entries(row ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [[what, name, Number(value)] as const],
  );
}

/** A page shows exactly these numbers, each as it is; and no other digits but times, code and data. */
async function expectNumbers(to: string, expected: readonly Expected[]): Promise<void> {
  const text = await page.get(to);
  const shown = shownNumbers(text);
  const key = ([what, name]: Expected): string => `${what} ${name}`;
  const byKey = (numbers: readonly Expected[]): Readonly<Record<string, number>> =>
    Object.fromEntries(numbers.map((one) => [key(one), one[2]]));
  const rounded = (numbers: readonly Expected[]): readonly Expected[] =>
    numbers.map(([what, name, value]) => [what, name, Math.round(value * 1e6) / 1e6]);
  expect(byKey(rounded(shown.map(({ name, of: what, value }) => [what, name, value]))), to).toEqual(
    byKey(rounded(expected)),
  );
  expect(shown).toHaveLength(expected.length);
  for (const one of shown) expectText(one);
  expect(strayNumbers(text), to).toEqual([]);
}

/** The text of a number says it: in digits with commas, a share, bytes, or a time in the units of the page. */
function expectText({ name, text, value }: ShownNumber): void {
  const [figure = ''] = text.match(/[\d.,]+/) ?? [];
  if (name.endsWith('_percent')) {
    expect(Math.abs(Number(figure) - value), `${name}: ${text}`).toBeLessThanOrEqual(0.051);
  } else if (/bytes/.test(name)) {
    const unit = { B: 1, kB: 1e3, MB: 1e6 }[/[a-zA-Z]+$/.exec(text)?.[0] ?? ''] ?? Number.NaN;
    expect(Math.abs(Number(figure) * unit - value), `${name}: ${text}`).toBeLessThanOrEqual(unit / 2);
  } else if (/seconds|hours/.test(name)) {
    const unit = { ms: 0.001, s: 1, min: 60, h: 3_600 } as const;
    const seconds = [...text.matchAll(/([\d.]+) (ms|s|min|h)\b/g)].reduce(
      (sum, [, amount, one]) => sum + Number(amount) * unit[one as keyof typeof unit],
      0,
    );
    const told = name.endsWith('hours') ? value * 3_600 : value;
    expect(Math.abs(seconds - told), `${name}: ${text}`).toBeLessThanOrEqual(told < 60 ? 0.051 : 60);
  } else {
    expect(text.match(/\d[\d,]*/g), `${name}: ${text}`).toContain(value.toLocaleString('en'));
  }
}

const lastRunColumns = 'rows_loaded, rows_rejected, execution_time_seconds';

describe('every number', () => {
  it('of the overview is that of a query, also the heights and names of the bars', async () => {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const [today] = await space.sql(`SELECT count(*) AS today_runs,
        sum(CASE status WHEN 'failed' THEN 1 ELSE 0 END) AS today_failed, sum(rows_loaded) AS today_rows_loaded,
        sum(rows_rejected) AS today_rows_rejected
      FROM etl_execution_log WHERE start_time >= '${midnight.toISOString()}'`);
    const last = await space.sql(`SELECT pipeline_name, ${lastRunColumns} FROM etl_execution_log AS l
      WHERE start_time = (SELECT max(start_time) FROM etl_execution_log WHERE pipeline_name = l.pipeline_name)`);
    expect(last).toHaveLength(4);
    const good = `SELECT extract(epoch FROM CURRENT_TIMESTAMP - max(start_time)) / 3600 FROM etl_execution_log
      WHERE pipeline_name = l.pipeline_name AND (status = 'success' OR error_code = 'already_loaded')`;
    const states = await space.sql(`SELECT CASE WHEN status = 'failed' THEN 'failed'
          WHEN pipeline_name IN ('late', 'fresh') AND (${good}) > 2 THEN 'late'
          WHEN status = 'success' AND rows_rejected > 0 THEN 'rejected' ELSE status END AS state
      FROM etl_execution_log AS l WHERE start_time = (SELECT max(start_time) FROM etl_execution_log WHERE pipeline_name = l.pipeline_name)`);
    const among = (...some: readonly string[]): number =>
      states.filter(({ state }) => some.includes(String(state))).length;
    const filters = {
      pipelines_all: states.length,
      pipelines_problems: among('failed', 'late', 'rejected'),
      ...(among('failed') > 0 ? { pipelines_failed: among('failed') } : {}),
      ...(among('success', 'rejected') > 0 ? { pipelines_success: among('success', 'rejected') } : {}),
      ...(among('skipped') > 0 ? { pipelines_skipped: among('skipped') } : {}),
    };
    await expectNumbers('/', [
      ...of('', today),
      ...of('', filters),
      ...last.flatMap(({ pipeline_name: name, ...row }) => of(String(name), row)),
    ]);
    const bars = [
      ...(await page.get('/')).matchAll(/<a class="bar [^"]*" href="\/runs\/([^"]*)"[^>]* aria-label="([^"]*)"/g),
    ];
    expect(bars).toHaveLength(2 + 1 + 30 + 3);
    for (const [, runId, label = ''] of bars) {
      const [run] = await space.sql(
        `SELECT rows_loaded, rows_rejected FROM etl_execution_log WHERE run_id = '${runId}'`,
      );
      expect(label).toContain(` ${Number(run?.rows_loaded).toLocaleString('en')} rows loaded`);
      expect(/ ([\d,]+) rows rejected/.exec(label)?.[1] ?? '0').toBe(Number(run?.rows_rejected).toLocaleString('en'));
    }
  });

  it('of freshness is that of a query: what is late, and after how long', async () => {
    const text = await page.get('/');
    const [, ...rows] = text.split('<tr data-pipeline="');
    for (const { hours, name } of await space.sql(`SELECT pipeline_name AS name,
        extract(epoch FROM CURRENT_TIMESTAMP - max(start_time)) / 3600 AS hours FROM etl_execution_log
       WHERE pipeline_name IN ('late', 'fresh') AND (status = 'success' OR error_code = 'already_loaded') GROUP BY 1`)) {
      const row = [text, ...rows].find((one) => one.startsWith(`${String(name)}"`)) ?? '';
      // Two rates of the schedule.
      expect(row.includes('s-late'), `${String(name)} after ${String(hours)} h`).toBe(Number(hours) > 2);
    }
    expect(text.match(/class="status s-late"/g)).toHaveLength(1);
  });

  it('of a pipeline is that of a query: its runs, columns and files', async () => {
    for (const name of ['late', 'items']) {
      const where = `FROM etl_execution_log WHERE pipeline_name = '${name}'`;
      const [all] = await space.sql(`SELECT count(*) AS runs ${where}`);
      const runs = await space.sql(
        `SELECT run_id, rows_read, ${lastRunColumns} ${where} ORDER BY start_time DESC LIMIT 25`,
      );
      const [last] =
        await space.sql(`SELECT jsonb_array_length(details->'columns') AS columns, details->'sources_total' AS sources_total,
          (SELECT count(*) ${where} AND details->'columns' <> '[]' AND status = 'success') AS compared_runs
        ${where} AND details->'columns' <> '[]' AND status = 'success' ORDER BY start_time DESC LIMIT 1`);
      const sources = await space.sql(`SELECT s->>'source' AS source, s->>'bytes' AS source_bytes FROM
        (SELECT details ${where} AND status = 'success' ORDER BY start_time DESC LIMIT 1) AS l, jsonb_array_elements(details->'sources') AS s`);
      await expectNumbers(`/pipelines/${name}`, [
        ...of('', all),
        ...(name === 'late' ? [...of('', { listed: all?.runs, late_after_hours: 2 })] : []),
        ...runs.flatMap(({ run_id: id, ...row }) => of(String(id), row)),
        ...of('', last),
        ...sources.flatMap(({ source, ...row }) => of(String(source), row)),
      ]);
    }
  });

  it('of a run is that of a query: rows and their shares, stages, batches, rules, rejected rows, and what is folded', async () => {
    const ids = await space.sql(
      `SELECT run_id FROM etl_execution_log WHERE pipeline_name = 'items' ORDER BY start_time`,
    );
    expect(ids).toHaveLength(2);
    for (const { run_id: id } of ids) {
      const where = `FROM etl_execution_log WHERE run_id = '${String(id)}'`;
      const [rows] = await space.sql(`SELECT rows_read, rows_loaded, rows_filtered, rows_deduplicated, rows_rejected,
        rows_inserted, rows_updated, rows_unchanged, rows_deleted, execution_time_seconds, bytes_read, conflict_retries ${where}`);
      const [shares] = await space.sql(`SELECT 100.0 * rows_loaded / rows_read AS rows_loaded_percent,
        100.0 * rows_filtered / rows_read AS rows_filtered_percent, 100.0 * rows_deduplicated / rows_read AS rows_deduplicated_percent,
        100.0 * rows_rejected / rows_read AS rows_rejected_percent ${where}`);
      const [other] = await space.sql(`SELECT jsonb_array_length(details->'columns') AS columns,
        nullif(jsonb_array_length(details->'ddl'), 0) AS ddl, details->'sources_total' AS sources,
        array_length(string_to_array(warnings, E'\\n'), 1) AS warnings ${where}`);
      const stages = await space.sql(`SELECT s->>'stage' AS stage, s->>'seconds' AS stage_seconds
        FROM (SELECT details ${where}) AS l, jsonb_array_elements(details->'stages') AS s`);
      const rules =
        await space.sql(`SELECT r->>'number' AS rule, r->>'rows_filtered' AS rule_filtered, r->>'rows_rejected' AS rule_rejected
        FROM (SELECT details ${where}) AS l, jsonb_array_elements(details->'rules') AS r`);
      const files = await space.sql(`SELECT s->>'source' AS source, s->>'bytes' AS source_bytes
        FROM (SELECT details ${where}) AS l, jsonb_array_elements(details->'sources') AS s`);
      const [batches] = await space.sql(`SELECT count(*) AS batches, sum(rows_loaded) AS batch_rows
        FROM etl_load_ledger WHERE run_id = '${String(id)}' AND chunk >= 0`);
      const reasons =
        await space.sql(`SELECT reason, count(*) AS rejected, count(*) FILTER (WHERE settled_at IS NULL) AS open
        FROM etl_rejected_row WHERE run_id = '${String(id)}' GROUP BY reason`);
      const open = reasons.reduce((sum, row) => sum + Number(row.open), 0);
      await expectNumbers(`/runs/${String(id)}`, [
        ...of('', { ...rows, ...shares, ...other, ...batches, ...(open === 0 ? {} : { open_rejected: open }) }),
        ...stages.flatMap(({ stage, ...row }) => of(String(stage), row)),
        ...rules.flatMap((row) => of(String(row.rule), row)),
        ...files.flatMap(({ source, ...row }) => of(String(source), row)),
        ...reasons.flatMap(({ reason, ...row }) => of(String(reason), row)),
      ]);
    }
  });

  it('of rejected rows and of the tables is that of a query', async () => {
    const groups =
      await space.sql(`SELECT reason, count(*) AS rejected, count(*) FILTER (WHERE settled_at IS NULL) AS open
      FROM etl_rejected_row GROUP BY pipeline_name, column_name, reason`);
    const [all] = await space.sql('SELECT count(*) AS rejected_rows FROM etl_rejected_row');
    await expectNumbers('/rejected?all=1', [
      ...of('', all),
      ...groups.flatMap(({ reason, ...row }) => of(String(reason), row)),
    ]);
    const tables = await space.sql(`SELECT table_name, count(*) AS columns FROM information_schema.columns
      WHERE table_schema = 'public' GROUP BY 1`);
    const [items] = await space.sql('SELECT count(*) AS rows FROM items');
    await expectNumbers('/data/items', [
      ...of('', items),
      ...tables.flatMap(({ table_name: name, ...row }) => of(String(name), row)),
    ]);
  });
});
