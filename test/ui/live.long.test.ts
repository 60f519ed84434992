import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setLocalFaults } from '../../lib/local/client.ts';
import { openActingPage } from '../support/acts-page.ts';
import { chromiumPath, openBrowser, openWindow, whyNoBrowser } from '../support/browser.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import type { InProcess } from '../support/in-process.ts';
import type { PageOfTest } from '../support/served-page.ts';

/** Rows of a page of the API, of which a run reads two. */
const pageRows = 30_000;

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;
let api: TestServer;
/** Lets the API answer with its second page; with this status. */
let answer: (status: number) => void;
let second: Promise<number>;

function holdSecondPage(): void {
  second = new Promise((resolve) => {
    answer = resolve;
  });
}

beforeAll(async () => {
  holdSecondPage();
  api = await serve((request, response) => {
    const number = Number(new URL(request.url ?? '', 'http://api').searchParams.get('page'));
    const send = (status: number): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      const rows = Array.from({ length: number > 2 ? 0 : pageRows }, (_, at) => ({
        id: number * pageRows + at,
        price: at / 4,
      }));
      response.end(JSON.stringify(rows));
    };
    if (number === 2) void second.then(send);
    else send(200);
  });
  ({ space, page, close } = await openActingPage(
    `data_source: { base_url: "${api.url}" }
aurora_dsql: { max_connections: 2 }
pipelines:
  prices: { source_type: api, endpoint: prices, target_table: prices, pagination: { type: page_number }, key_columns: [id], load_mode: upsert }`,
  ));
});

afterAll(async () => {
  await close();
  await api.close();
});

/** `etl run` as a terminal runs it. */
function startRun(): { readonly child: ChildProcess; readonly ended: Promise<unknown> } {
  const entry = path.resolve('dist/bin/etl.js');
  const child = spawn(process.execPath, [entry, 'run', '--target', 'local', '--quiet'], {
    cwd: space.folder,
    stdio: 'ignore',
  });
  return { child, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function runUnderWay(): Promise<string> {
  let id = '';
  await expect
    .poll(
      async () => {
        const [run] = await space.sql(`SELECT run_id FROM etl_execution_log WHERE status = 'running'`);
        id = String(run?.run_id ?? '');
        return id;
      },
      { timeout: 90_000 },
    )
    .not.toBe('');
  // From here on batches land one after the other, slowly enough to be watched.
  await setLocalFaults(path.join(space.folder, '.etl'), { commitLatencyMs: 500 });
  return id;
}

describe.skipIf(chromiumPath === undefined)(`a run that is under way${whyNoBrowser}`, () => {
  let browser: Browser;
  let tab: Page;
  let errors: readonly string[];

  beforeAll(async () => {
    await space.etl('status', '--target', 'local');
    browser = await openBrowser();
    const opened = await openWindow(browser, page.newLink());
    tab = opened.page;
    errors = opened.errors;
  });
  afterAll(async () => await browser.close());
  beforeEach(async () => {
    holdSecondPage();
    await setLocalFaults(path.join(space.folder, '.etl'), {});
  });

  const stageNow = async (stage: string): Promise<void> =>
    await tab.locator(`.steps [data-stage="${stage}"][aria-current="step"]`).waitFor({ timeout: 30_000 });
  const value = async (name: string): Promise<number> =>
    Number(await tab.locator(`[data-name="${name}"]`).first().getAttribute('value', { timeout: 30_000 }));
  /** Marks the page, so that a new one in its place is seen. */
  const mark = async (): Promise<unknown> => await tab.evaluate('window.sameAsBefore = true');
  const isMarked = async (): Promise<unknown> => await tab.evaluate('window.sameAsBefore');

  /** Sees rows and batches grow at least three times, each time to what the ledger has had at most. */
  async function seeBatchesLand(runId: string): Promise<void> {
    const seen: number[] = [];
    await expect
      .poll(
        async () => {
          const rows = await value('rows_loaded');
          if (rows > (seen.at(-1) ?? 0)) seen.push(rows);
          return seen.length;
        },
        { timeout: 60_000, interval: 100 },
      )
      .toBeGreaterThanOrEqual(3);
    const [ledger] = await space.sql(`SELECT sum(rows_loaded) AS n FROM etl_load_ledger WHERE run_id = '${runId}'`);
    expect(seen.at(-1)).toBeLessThanOrEqual(Number(ledger?.n));
    expect(seen.at(-1)).toBeLessThan(2 * pageRows);
    expect(await value('batches')).toBeGreaterThan(0);
  }

  async function seeSuccess(runId: string): Promise<void> {
    await tab.locator('.head .s-success').waitFor({ timeout: 60_000 });
    const [log] = await space.sql(`SELECT rows_read, rows_loaded FROM etl_execution_log WHERE run_id = '${runId}'`);
    expect([await value('rows_read'), await value('rows_loaded')]).toEqual([
      Number(log?.rows_read),
      Number(log?.rows_loaded),
    ]);
    expect(await tab.getByText('This run is under way').count()).toBe(0);
  }

  it('from a terminal shows its stages, its batches as they land, and its end, without a reload', async () => {
    const { ended } = startRun();
    const runId = await runUnderWay();
    await tab.goto(`${page.origin}/runs/${runId}`);
    await mark();
    await stageNow('extract');
    answer(200);
    await stageNow('load');
    await seeBatchesLand(runId);
    await seeSuccess(runId);
    expect(await isMarked()).toBe(true);
    await ended;
  });

  it('that the page has started is shown the same way', async () => {
    await tab.goto(`${page.origin}/pipelines/prices`);
    await tab.getByRole('button', { name: 'Run now …' }).click();
    answer(200);
    const again = tab.getByRole('button', { name: 'Load again what was loaded already' });
    const run = tab.getByRole('button', { name: 'Run prices into prices' });
    await again.or(run).first().waitFor({ timeout: 60_000 });
    holdSecondPage();
    if (await again.isVisible()) {
      await again.click();
      answer(200);
      await run.waitFor({ timeout: 60_000 });
      holdSecondPage();
    }
    await run.click();
    await tab.getByText('Follow the run').click({ timeout: 30_000 });
    await mark();
    await stageNow('extract');
    const runId = await runUnderWay();
    expect(new URL(tab.url()).pathname).toBe(`/runs/${runId}`);
    answer(200);
    await stageNow('load');
    // The page is told by its own process; of a run from a terminal it may take a renewal of the lease.
    await tab.locator(`[data-name="rows_to_load"][value="${2 * pageRows}"]`).waitFor({ timeout: 30_000 });
    await seeBatchesLand(runId);
    await seeSuccess(runId);
    expect(await isMarked()).toBe(true);
  });

  it('and is killed is not called alive, and is alive again when the next run goes on with it', async () => {
    const { child, ended } = startRun();
    const runId = await runUnderWay();
    await tab.goto(`${page.origin}/runs/${runId}`);
    await mark();
    await tab.getByText('This run is under way').waitFor({ timeout: 30_000 });
    answer(200);
    await stageNow('load');
    await seeBatchesLand(runId);
    child.kill('SIGKILL');
    await ended;
    await tab.getByText('but nobody is at work on it').waitFor({ timeout: 30_000 });
    expect(await tab.locator('.steps').count()).toBe(0);
    const next = startRun();
    await tab.getByText('This run is under way').waitFor({ timeout: 30_000 });
    await setLocalFaults(path.join(space.folder, '.etl'), {});
    await seeSuccess(runId);
    expect(await isMarked()).toBe(true);
    await next.ended;
  });

  it('and fails shows where and why as soon as it has', async () => {
    const { ended } = startRun();
    const runId = await runUnderWay();
    await tab.goto(`${page.origin}/runs/${runId}`);
    await mark();
    await stageNow('extract');
    answer(400);
    await tab.locator('.head .s-failed').waitFor({ timeout: 60_000 });
    expect(await tab.locator('#error-title').innerText()).toContain('api_status');
    expect(await isMarked()).toBe(true);
    await ended;
    expect(errors).toEqual([]);
  });
});
