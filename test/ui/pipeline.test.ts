import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedRuns } from '../../bench/support/seeded-log.ts';
import type { InProcess } from '../support/in-process.ts';
import { numbersOf, openPageSpace, type PageOfTest } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ space, page, close } = await openPageSpace(
    `data_source: { base_url: "https://user:hunter2@api.example.com/v1?key=abc", headers: { X-Api-Key: visible, Accept: application/json } }
pipelines:
  items: { source_type: file, file_path: items.csv, target_table: items }
  rates:
    source_type: api
    endpoint: rates?signature=xyz
    target_table: rates
    params: { api_key: plain-text, page_size: 50 }
    auth: { type: bearer, token: { env: RATES_TOKEN } }`,
  ));
});

afterAll(async () => await close());

describe('the page of a pipeline', () => {
  it('before its first run shows its name, and how to run it', async () => {
    expect(await page.get('/pipelines/items')).toContain('npx etl run items');
    expect((await page.ask('/pipelines/nobody')).status).toBe(404);
  });

  it('shows its columns with their evidence, what changed between runs, and the files', async () => {
    space.write('items.csv', 'id,price\n1,2.50\n');
    await space.run(['items']);
    space.write('items.csv', 'id,price,colour\n2,3.50,red\n');
    await space.run(['items']);
    const text = await page.get('/pipelines/items');
    expect(text).toMatch(
      /<tr><th scope="row"><bdi>price<\/bdi><\/th><td><code>numeric[^<]*<\/code><\/td><td[^>]*><bdi>\S/,
    );
    expect(text).toMatch(/<span class="tag">new<\/span> <code><bdi>colour<\/bdi><\/code> text/);
    expect(text).toMatch(/id="sources"[\s\S]*<bdi>items\.csv<\/bdi>/);
  });

  it('shows the configuration without what may be secret', async () => {
    const text = await page.get('/pipelines/rates');
    for (const secret of ['hunter2', 'abc', 'visible', 'xyz', 'plain-text']) expect(text, secret).not.toContain(secret);
    for (const open of ['application/json', 'RATES_TOKEN', 'page_size: 50', 'api.example.com']) {
      expect(text, open).toContain(open);
    }
  });

  it('lists its runs by page and status, and gives all of them to the charts, in the numbers of the log', async () => {
    await seedRuns(space.target.sql, {
      pipeline: 'items',
      runs: 90,
      everyMinutes: 60,
      rows: 500,
      failEvery: 30,
      skipEvery: 9,
    });
    const [log] = await space.sql(`SELECT count(*) AS runs, count(*) FILTER (WHERE status = 'failed') AS failed,
      sum(rows_loaded) FILTER (WHERE status <> 'skipped') AS loaded FROM etl_execution_log WHERE pipeline_name = 'items'`);
    const first = await page.get('/pipelines/items');
    expect(numbersOf(first).runs).toBe(Number(log?.runs));
    expect([...first.matchAll(/data-run=/g)]).toHaveLength(25);
    const last = await page.get('/pipelines/items?from=75');
    expect([...last.matchAll(/data-run=/g)]).toHaveLength(Number(log?.runs) - 75);
    expect(numbersOf(await page.get('/pipelines/items?status=failed')).runs).toBe(Number(log?.failed));
    const series = (await (await page.ask('/pipelines/items/series')).json()) as { loaded: number[]; failed: number[] };
    expect(series.loaded.reduce((sum, one) => sum + one, 0)).toBe(Number(log?.loaded));
    expect(series.failed.filter((one) => one === 1)).toHaveLength(Number(log?.failed));
  });
});
