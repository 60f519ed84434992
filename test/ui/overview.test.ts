import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openBrowser, openWindow, whyNoBrowser } from '../support/browser.ts';
import type { InProcess } from '../support/in-process.ts';
import { numbersOf, openPageSpace, type PageOfTest, pageOver } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ space, page, close } = await openPageSpace(
    `pipelines:
  items: { source_type: file, file_path: items.csv, target_table: items, columns: { price: numeric } }
  missing: { source_type: file, file_path: missing.csv, target_table: missing }`,
  ));
});

afterAll(async () => await close());

describe('the overview', () => {
  it('before the first run names the pipelines, and says how to begin', async () => {
    const text = await page.get('/');
    expect(text).toContain('Nothing has run yet');
    expect(text).toContain('npx etl run');
    for (const name of ['items', 'missing']) expect(text).toContain(`data-pipeline="${name}"`);
    expect((await page.ask('/runs/none')).status).toBe(404);
  });

  it('after one run of each shows the failure first, and the numbers of the log', async () => {
    space.write('items.csv', 'id,price\n1,2.50\n2,N/A\n3,1.00\n3,1.00\n');
    await space.run();
    const text = await page.get('/');
    expect([...text.matchAll(/data-pipeline="(\w+)"/g)].map(([, name]) => name)).toEqual(['missing', 'items']);
    const [today] =
      await space.sql(`SELECT count(*) AS today_runs, count(*) FILTER (WHERE status = 'failed') AS today_failed,
      sum(rows_loaded) AS today_rows_loaded, sum(rows_rejected) AS today_rows_rejected FROM etl_execution_log`);
    const shown = numbersOf(text);
    for (const [name, value] of Object.entries(today ?? {})) expect(shown[name], name).toBe(Number(value));
    expect(shown).toMatchObject({ today_runs: 2, today_failed: 1, today_rows_loaded: 2, today_rows_rejected: 1 });
  });

  it('is filtered by name and status', async () => {
    const names = async (query: string): Promise<unknown> =>
      [...(await page.get(`/?${query}`)).matchAll(/data-pipeline="(\w+)"/g)].map(([, name]) => name);
    expect(await names('status=failed')).toEqual(['missing']);
    expect(await names('status=problems')).toEqual(['missing', 'items']);
    expect(await names('name=ITEM')).toEqual(['items']);
    expect(await names('name=none')).toEqual([]);
  });

  it('speaks the language that was chosen, else the browser’s', async () => {
    expect(await page.get('/', { 'accept-language': 'de,ja;q=0.8,en;q=0.5' })).toContain('パイプライン');
    const chosen = await page.ask('/?lang=ja&status=failed');
    expect([chosen.status, chosen.headers.get('location')]).toEqual([303, '/?status=failed']);
    expect(chosen.headers.get('set-cookie')).toMatch(/^etl_lang=ja;/);
  });
});

describe('a run', () => {
  it('shows what became of its rows, in the numbers of the log', async () => {
    const [run] = await space.sql(`SELECT * FROM etl_execution_log WHERE pipeline_name = 'items'`);
    const text = await page.get(`/runs/${String(run?.run_id)}`);
    const shown = numbersOf(text);
    for (const name of ['read', 'loaded', 'filtered', 'deduplicated', 'rejected', 'inserted', 'updated', 'unchanged']) {
      expect(shown[`rows_${name}`], name).toBe(Number(run?.[`rows_${name}`]));
    }
    expect(text).toMatch(/<code><bdi>"?&quot;N\/A&quot;<\/bdi><\/code>/);
  });

  it('that failed says where and why, and what to do, in the language of the reader', async () => {
    const [run] = await space.sql(`SELECT run_id FROM etl_execution_log WHERE pipeline_name = 'missing'`);
    const text = await page.get(`/runs/${String(run?.run_id)}`);
    expect(text).toContain('file_not_found');
    expect(text).toContain('in stage Extract');
    expect(text).toMatch(/There is no file missing\.csv/);
    expect(text).toContain('check path, bucket policy and key policy');
    const japanese = await page.get(`/runs/${String(run?.run_id)}`, { 'accept-language': 'ja' });
    expect(japanese).toContain('バケットポリシー、キーポリシーを確認します');
  });

  it('of AWS leads to its execution and its lines, while it is under way and afterwards', async () => {
    const arn = (name: string): string => `arn:aws:states:us-east-1:123456789012:execution:dsql-etl-dev:${name}`;
    const row = (name: string, status: string, details: object | null, epoch: number): string =>
      `INSERT INTO etl_execution_log (run_id, pipeline_name, status, trigger, start_time, end_time, target_table, kind, epoch, details)
       VALUES ('${name}', 'cloudy', '${status}', 'schedule', CURRENT_TIMESTAMP, ${status === 'running' ? 'NULL' : 'CURRENT_TIMESTAMP'},
       'cloudy', 'load', ${epoch}, ${details === null ? 'NULL' : `'${JSON.stringify(details)}'`})`;
    await space.sql(row('aws-old', 'success', {}, 1));
    await space.sql(
      row('aws-done', 'success', { execution: { arn: arn('aws-done'), log_groups: ['etl-FunctionsLoadLog'] } }, 2),
    );
    await space.sql(row('aws-now', 'running', null, 3));
    await space.sql(`INSERT INTO etl_state (pipeline_name, epoch, lease) VALUES ('cloudy', 3, jsonb_build_object('holder',
      '${arn('aws-now')}', 'host', 'elsewhere', 'pid', 0, 'expires_at', CURRENT_TIMESTAMP + interval '1 minute'))`);
    const cluster = await pageOver(space, { local: false, region: 'us-east-1' });
    for (const name of ['aws-done', 'aws-now']) {
      const text = await cluster.get(`/runs/${name}`);
      expect(text, name).toContain(`/states/home?region=us-east-1#/v2/executions/details/${arn(name)}"`);
      expect(text, name).toMatch(new RegExp(`logs-insights[^"]*${name}\\*22[^"]*etl-FunctionsLoadLog`));
    }
    expect(await cluster.get('/runs/aws-old')).toContain('The run has not logged which one.');
    await cluster.close();
    for (const table of ['etl_execution_log', 'etl_state'])
      await space.sql(`DELETE FROM ${table} WHERE pipeline_name = 'cloudy'`);
  });

  it('with warnings says of each kind what to do', async () => {
    const [run] = await space.sql(`SELECT run_id, warnings FROM etl_execution_log WHERE pipeline_name = 'items'`);
    expect(run?.warnings).toMatch(/^1 row was rejected: /);
    const to = `/runs/${String(run?.run_id)}`;
    expect(await page.get(to)).toMatch(/data-warning="rows_rejected"[\s\S]*run them again\./);
    expect(await page.get(to, { 'accept-language': 'ja' })).toContain('ソースか設定を直して再実行してください');
  });

  it('that the log calls running is said to be so only while somebody is at work on it', async () => {
    const insert = (runId: string, epoch: number): string =>
      `INSERT INTO etl_execution_log (run_id, pipeline_name, status, trigger, start_time, target_table, kind, epoch)
       VALUES ('${runId}', 'lively', 'running', 'cli', CURRENT_TIMESTAMP, 'lively', 'load', ${epoch})`;
    const lease = async (text: string): Promise<unknown> =>
      await space.sql(`UPDATE etl_state SET lease = ${text} WHERE pipeline_name = 'lively'`);
    const expires = (
      seconds: number,
      more = '',
    ): string => `jsonb_build_object('holder', 'h', 'host', 'elsewhere', 'pid', 1,
      'expires_at', CURRENT_TIMESTAMP + interval '${seconds} seconds') || '{${more}}'`;
    await space.sql(`INSERT INTO etl_state (pipeline_name, epoch) VALUES ('lively', 5)`);
    for (const [runId, epoch] of [
      ['old-run', 4],
      ['new-run', 5],
    ] as const)
      await space.sql(insert(runId, epoch));
    const shown = async (runId: string): Promise<string> => await page.get(`/runs/${runId}`);
    expect(await shown('new-run')).toContain('nobody is at work on it');
    expect(await page.get('/?status=problems')).toMatch(/data-pipeline="lively"[\s\S]*?s-stopped/);
    await lease(expires(-1));
    expect(await shown('new-run')).toContain('Last sign of it');
    await lease(expires(60));
    expect(await shown('new-run')).toContain('Which stage it is in is not known');
    await lease(expires(60, '"progress": {"stage": "transform", "rows": 7}'));
    expect(await shown('new-run')).toMatch(/data-stage="transform" aria-current="step"/);
    expect(await shown('new-run')).not.toContain('nobody is at work on it');
    expect(await page.get('/?status=running')).toMatch(/data-pipeline="lively"[\s\S]*?s-running/);
    expect(await shown('old-run')).toContain('another run has taken over');
    await space.sql(`DELETE FROM etl_execution_log WHERE pipeline_name = 'lively'`);
    await space.sql(`DELETE FROM etl_state WHERE pipeline_name = 'lively'`);
  });
});

describe.skipIf(chromiumPath === undefined)(`in a browser${whyNoBrowser}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => await browser.close());

  it('the overview follows runs as they come, without an error of its script', async () => {
    const { context, errors, page: tab } = await openWindow(browser, page.newLink());
    expect(await tab.locator('[data-pipeline="missing"] .status').innerText()).toBe('Failed');
    await tab.waitForTimeout(300);
    space.write('missing.csv', 'id\n1\n');
    await space.run(['missing']);
    await tab.locator('[data-pipeline="missing"] .s-success').waitFor({ timeout: 10_000 });
    expect(errors).toEqual([]);
    await context.close();
  });
});
