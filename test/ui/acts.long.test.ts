import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemsConfig, itemsFile, openActingPage } from '../support/acts-page.ts';
import { chromiumPath, openBrowser, openWindow, whyNoBrowser } from '../support/browser.ts';
import type { InProcess } from '../support/in-process.ts';
import type { PageOfTest } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ space, page, close } = await openActingPage(itemsConfig()));
  space.write('items.csv', itemsFile);
});

afterAll(async () => await close());

const rows = async (): Promise<unknown> => (await space.sql('SELECT count(*) AS n FROM items'))[0]?.n;

describe.skipIf(chromiumPath === undefined)(`in a browser${whyNoBrowser}`, () => {
  let browser: Browser;
  let tab: Page;
  let errors: readonly string[];

  beforeAll(async () => {
    browser = await openBrowser();
    const opened = await openWindow(browser, page.newLink());
    tab = opened.page;
    errors = opened.errors;
  });
  afterAll(async () => await browser.close());

  const click = async (name: string | RegExp): Promise<void> => await tab.getByRole('button', { name }).click();
  const shown = async (text: string | RegExp): Promise<void> =>
    await tab.getByText(text).first().waitFor({ timeout: 20_000 });

  it('a pipeline is previewed, confirmed by its name, and run', async () => {
    await tab.goto(`${page.origin}/pipelines/items`);
    await click('Run now …');
    await shown('It would load');
    expect(await tab.locator('[data-name="would_insert"]').getAttribute('value')).toBe('2');
    expect(await tab.locator('[data-name="would_reject"]').getAttribute('value')).toBe('1');
    expect(await space.sql("SELECT 1 FROM pg_tables WHERE tablename = 'items'")).toEqual([]);
    await click('Run items into items');
    await shown('2 rows loaded, 1 rejected.');
    expect(await rows()).toBe('2');
  });

  it('rejected rows are previewed and run again, once', async () => {
    const [first] = await space.sql(`SELECT run_id FROM etl_execution_log`);
    space.write('etl.yaml', itemsConfig(', csv: { null_strings: [N/A] }'));
    await tab.goto(`${page.origin}/runs/${String(first?.run_id)}`);
    await click('Run rejected rows again …');
    await shown('It would load');
    expect(await tab.locator('[data-name="would_insert"]').getAttribute('value')).toBe('1');
    await click(/^Run 1 rejected rows of run/);
    await shown('1 rows loaded, 0 rejected.');
    expect(await rows()).toBe('3');
    await tab.goto(`${page.origin}/runs/${String(first?.run_id)}`);
    expect(await tab.getByRole('button', { name: 'Run rejected rows again …' }).count()).toBe(0);
  });

  it('a run is taken back after the box that names its rows is ticked', async () => {
    await click('Take back …');
    await shown('Taking it back deletes exactly these rows');
    await click('Delete 2 rows of items');
    expect(await rows()).toBe('3');
    await tab.getByRole('checkbox', { name: 'Yes, delete 2 rows of items' }).check();
    await click('Delete 2 rows of items');
    await shown('2 rows of items deleted.');
    expect(await rows()).toBe('1');
    expect(errors).toEqual([]);
  });
});
