import type { BrowserContext, Page } from 'playwright-core';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { links } from '../../lib/ui/links.ts';
import { fillRun, seededRunId, seedRuns } from './seeded-log.ts';
import { addOddities, fillShop, longName, rightToLeft, runAt, type Shop } from './shop.ts';
import { letIn, type ShopSite, shopTime } from './shop-site.ts';

/** What a picture is taken of: an address, or what leads there. */
export interface Shot {
  readonly name: string;
  readonly to: string;
  /** Clicks that lead on from the address. */
  readonly go?: (tab: Page) => Promise<void>;
  /** Without the cookie that lets a browser in. */
  readonly stranger?: boolean;
}

/** Presses the button of the form that is posted to an address, and waits for what it leads to; from then on goes there. */
function press(action: string, until: string): (tab: Page) => Promise<void> {
  let led: string | undefined;
  return async (tab) => {
    if (led === undefined) await tab.locator(`form[action="${action}"] button`).first().click();
    else await tab.goto(led);
    await tab.locator(until).first().waitFor({ timeout: 120_000 });
    led = tab.url();
  };
}

const ask =
  (query: string) =>
  async (tab: Page): Promise<void> => {
    await tab.locator('#query').fill(query);
    await tab.locator('form.query button').click();
    await tab.locator('#answer, #refused').waitFor();
  };

/** Before the first run. */
const emptyShots: readonly Shot[] = [
  { name: '0-overview', to: links.overview },
  { name: '0-pipeline', to: links.pipeline('orders') },
  { name: '0-rejected', to: links.rejected() },
  { name: '0-data', to: links.data },
];

/** After one run. */
function firstShots(run: string): readonly Shot[] {
  return [
    { name: '1-overview', to: links.overview },
    { name: '1-pipeline', to: links.pipeline('products') },
    { name: '1-run', to: links.run(run) },
  ];
}

/** With the runs of some weeks. */
function shopShots({ runs }: Shop): readonly Shot[] {
  const orders = links.pipeline('orders');
  return [
    { name: 'overview', to: links.overview },
    { name: 'overview-filtered', to: '/?status=problems&bars=duration' },
    { name: 'overview-none', to: '/?name=nothing+like+this' },
    { name: 'pipeline', to: orders },
    { name: 'pipeline-failed', to: `${links.pipeline('payments')}?status=failed` },
    { name: 'pipeline-never', to: links.pipeline('exchange_rates') },
    { name: 'run-succeeded', to: links.run(runs.succeeded) },
    { name: 'run-warned', to: links.run(runs.warned) },
    { name: 'run-failed', to: links.run(runs.failed) },
    { name: 'run-running', to: links.run(runs.running) },
    { name: 'run-skipped', to: links.run(runs.skipped) },
    { name: 'rejected', to: links.rejected() },
    { name: 'rejected-of-run', to: links.rejected({ run: runs.warned }) },
    {
      name: 'rejected-rows',
      to: links.rejected({ run: runs.warned }),
      go: async (tab) => {
        await tab.locator('table.rejected th a').first().click();
        await tab.locator('table.rows summary').first().click();
      },
    },
    { name: 'data', to: links.data },
    { name: 'table', to: links.table('orders') },
    {
      name: 'query',
      to: links.data,
      go: ask(
        'SELECT city, count(*) AS orders, sum(amount) AS amount\n  FROM orders\n GROUP BY city ORDER BY amount DESC',
      ),
    },
    { name: 'query-refused', to: links.data, go: ask('SELECT * FROM order') },
    { name: 'missing', to: links.run('none') },
    { name: 'stranger', to: links.overview, stranger: true },
    { name: 'act-preview', to: orders, go: press(`${orders}/run/preview`, '#outcome') },
    {
      name: 'act-again',
      to: links.pipeline('products'),
      go: press(`${links.pipeline('products')}/run/preview`, '#outcome'),
    },
    {
      name: 'act-fails',
      to: links.pipeline('payments'),
      go: press(`${links.pipeline('payments')}/run/preview`, '#outcome'),
    },
    {
      name: 'act-replay',
      to: links.run(runs.warned),
      go: press(`${links.run(runs.warned)}/replay/preview`, '#outcome'),
    },
    {
      name: 'act-undo',
      to: links.run(runs.succeeded),
      go: press(`${links.run(runs.succeeded)}/undo/preview`, '.check'),
    },
    { name: 'act-refused', to: links.run(runs.warned), go: press(`${links.run(runs.warned)}/undo/preview`, '.error') },
    {
      name: 'act-progress',
      to: links.pipeline('customers'),
      go: press(`${links.pipeline('customers')}/run/preview`, 'progress'),
    },
  ];
}

/** With names of every length and direction, and cells of 100 KB. */
function oddShots(run: string, table: string): readonly Shot[] {
  return [
    { name: 'odd-overview', to: links.overview },
    { name: 'odd-pipeline', to: links.pipeline(longName) },
    { name: 'odd-pipeline-rtl', to: links.pipeline(rightToLeft) },
    { name: 'odd-run', to: links.run(run) },
    { name: 'odd-rejected', to: links.rejected() },
    { name: 'odd-table', to: links.table(table) },
  ];
}

/** With 10,000 runs of one pipeline. */
function manyShots(run: string): readonly Shot[] {
  return [
    { name: '10000-overview', to: links.overview },
    { name: '10000-pipeline', to: links.pipeline('clicks') },
    { name: '10000-run', to: links.run(run) },
  ];
}

/**
 * Fills the log from nothing to 10,000 runs of a pipeline, and gives the shots of each state when it is there.
 *
 * @param take  must have taken them when it resolves
 */
export async function takeAll(site: ShopSite, take: (shots: readonly Shot[]) => Promise<void>): Promise<void> {
  const { folder, target } = site;
  await take(emptyShots);
  await ensureServiceTables(target);
  await take(firstShots(await runAt(target, folder, 'products', new Date(shopTime.getTime() - 30 * 3_600_000))));
  await take(shopShots(await fillShop(target, folder, shopTime)));
  const many = { pipeline: 'clicks', runs: 10_000, everyMinutes: 30, rows: 48_000 };
  await seedRuns(target.sql, { ...many, failEvery: 610, rejectEvery: 9, until: shopTime });
  const runId = await seededRunId(target.sql, many.pipeline, 9_990);
  await fillRun(target.sql, many.pipeline, runId, { batches: 1_000, rejected: 1_000 });
  await take(manyShots(runId));
  const odd = await addOddities(target, shopTime);
  await take(oddShots(odd.run, odd.table));
}

/** Opens what a shot shows, with its charts drawn; whoever gets it closes it. */
export async function openShot(context: BrowserContext, site: ShopSite, { go, stranger, to }: Shot): Promise<Page> {
  if (stranger === true) await context.clearCookies();
  const tab = await context.newPage();
  await tab.goto(site.origin + to, { waitUntil: 'load' });
  await go?.(tab);
  if ((await tab.locator('#charts').count()) > 0) await tab.locator('#charts .uplot').first().waitFor();
  if (stranger === true) await letIn(context, site);
  return tab;
}
