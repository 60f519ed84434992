import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillRun, seededRunId, seedRuns } from '../../bench/support/seeded-log.ts';
import { axeFindings } from '../support/axe.ts';
import { chromiumPath, openBrowser, openWindow, whyNoBrowser } from '../support/browser.ts';
import type { InProcess } from '../support/in-process.ts';
import { pagesOf } from '../support/page-list.ts';
import { numbersOf, openPageSpace, type PageOfTest } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ space, page, close } = await openPageSpace(
    'pipelines: { orders: { source_type: file, file_path: orders.csv, target_table: orders, columns: { price: numeric } } }',
  ));
});

afterAll(async () => await close());

/** Every view is shown, in both themes and languages and at two widths: nothing overflows, no script fails, axe finds nothing. */
async function look(browser: Browser, pages: Readonly<Record<string, string>>): Promise<void> {
  for (const [colorScheme, locale, width] of [
    ['light', 'en', 1440],
    ['dark', 'ja', 375],
  ] as const) {
    const opened = await openWindow(browser, page.newLink(), { colorScheme, locale, viewport: { width, height: 900 } });
    for (const [name, to] of Object.entries(pages)) {
      const errors = opened.errors.length;
      const answer = await opened.page.goto(page.origin + to);
      await opened.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
      const where = `${name}, ${colorScheme}, ${locale}, ${width}`;
      expect(
        await opened.page.evaluate('document.documentElement.scrollWidth - innerWidth'),
        where,
      ).toBeLessThanOrEqual(0);
      expect(await axeFindings(opened.page), where).toEqual([]);
      if (answer?.ok() === true) expect(opened.errors.slice(errors), where).toEqual([]);
    }
    await opened.context.close();
  }
}

describe.skipIf(chromiumPath === undefined)(`every view${whyNoBrowser}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => await browser.close());

  it('is shown before the first run', async () => {
    const { table, ...pages } = pagesOf('orders', 'none', 'orders');
    expect((await page.ask(table ?? '')).status).toBe(404);
    await look(browser, pages);
  });

  it('has the colours of the theme that was chosen, else of the system', async () => {
    const { context, page: tab } = await openWindow(browser, page.newLink(), { colorScheme: 'light' });
    const colours = async (system: 'light' | 'dark', theme: string): Promise<unknown> => {
      await tab.emulateMedia({ colorScheme: system });
      await tab.goto(`${page.origin}/?theme=${theme}`);
      return await tab.evaluate(
        'const { backgroundColor, color } = getComputedStyle(document.body); [backgroundColor, color].join()',
      );
    };
    const light = await colours('light', 'auto');
    const dark = await colours('dark', 'auto');
    expect(light).not.toBe(dark);
    for (const system of ['light', 'dark'] as const) {
      expect(await colours(system, 'light')).toBe(light);
      expect(await colours(system, 'dark')).toBe(dark);
    }
    await context.close();
  });

  it('is shown with one run, and by the keyboard leads from the overview to the run and its rejected rows', async () => {
    space.write('orders.csv', 'id,price\n1,2.50\n2,N/A\n3,1.00\n');
    const [run] = await space.run();
    await look(browser, pagesOf('orders', run?.run_id ?? '', 'orders'));
    const { context, page: tab } = await openWindow(browser, page.newLink());
    const tabTo = async (selector: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses += 1) {
        await tab.keyboard.press('Tab');
        if (await tab.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) === true`)) return;
      }
      throw new Error(`The tab key does not lead to ${selector}.`);
    };
    await tab.goto(`${page.origin}/`);
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate('document.activeElement?.className')).toBe('skip');
    await tabTo('a.when');
    await tab.keyboard.press('Enter');
    await tab.waitForURL(/\/runs\//);
    await tabTo('#rejected th a');
    await tab.keyboard.press('Enter');
    await tab.waitForURL(/\/rejected\/rows/);
    await tabTo('summary');
    await tab.keyboard.press('Enter');
    expect(await tab.locator('details[open] pre').innerText()).toContain('N/A');
    await context.close();
  });

  it('is shown with 10,000 runs, each within a second, and its numbers are those of the log', async () => {
    await seedRuns(space.target.sql, {
      pipeline: 'orders',
      runs: 10_000,
      everyMinutes: 30,
      rows: 48_000,
      failEvery: 61,
      rejectEvery: 9,
      until: new Date(Date.now() - 3_600_000),
    });
    const runId = await seededRunId(space.target.sql, 'orders', 9_990);
    await fillRun(space.target.sql, 'orders', runId, { batches: 1_000, rejected: 1_000 });
    const pages = pagesOf('orders', runId, 'etl_execution_log');
    await look(browser, pages);
    const { context, page: tab } = await openWindow(browser, page.newLink());
    for (const [name, to] of Object.entries(pages)) {
      const times: number[] = [];
      for (let load = 0; load < 3; load += 1) {
        await tab.goto(page.origin + to);
        const painted = async (): Promise<number> =>
          Number(await tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"));
        await expect.poll(painted, { timeout: 10_000 }).toBeGreaterThan(0);
        times.push(await painted());
      }
      expect(Math.min(...times), `first paint of ${name}, ms`).toBeLessThan(1_000);
    }
    await context.close();
    const shown = numbersOf(await page.get(`/runs/${runId}`));
    const [log] =
      await space.sql(`SELECT rows_read, rows_filtered, rows_deduplicated, rows_rejected, rows_loaded, rows_inserted,
      rows_updated, rows_unchanged, (SELECT count(*) FROM etl_load_ledger b WHERE b.run_id = l.run_id AND b.chunk >= 0) AS batches,
      (SELECT sum(rows_loaded) FROM etl_load_ledger b WHERE b.run_id = l.run_id) AS batch_rows
      FROM etl_execution_log l WHERE run_id = '${runId}'`);
    for (const [column, value] of Object.entries(log ?? {})) expect(shown[column], column).toBe(Number(value));
    const groups = [...(await page.get(`/rejected?run=${runId}&all=1`)).matchAll(/data-name="rejected">/g)];
    const [reasons] = await space.sql(
      `SELECT count(DISTINCT (column_name, reason)) AS n, count(*) AS rows FROM etl_rejected_row WHERE run_id = '${runId}'`,
    );
    expect(groups).toHaveLength(Number(reasons?.n));
    expect(numbersOf(await page.get(`/rejected?run=${runId}&all=1`)).rejected_rows).toBe(Number(reasons?.rows));
    const list = await page.get('/pipelines/orders');
    expect(numbersOf(list).runs).toBe(
      Number((await space.sql(`SELECT count(*) AS n FROM etl_execution_log WHERE pipeline_name = 'orders'`))[0]?.n),
    );
  });
});
