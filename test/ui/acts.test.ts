import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actProcesses } from '../../lib/cli/ui/act-process.ts';
import { systemClock } from '../../lib/clock.ts';
import { Acts } from '../../lib/ui/acts/acts.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { type PageOfTest, pageOver } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let acts: Acts;

const config = (more: string): string =>
  `pipelines:
  items: { source_type: file, file_path: items.csv, target_table: items, columns: { price: numeric }${more} }`;

beforeAll(async () => {
  space = await inProcess();
  const file = space.write('etl.yaml', config(''));
  space.write('items.csv', 'id,price\n1,2.50\n2,N/A\n3,1.00\n');
  acts = new Acts(actProcesses({ config: file, target: 'local' }), systemClock);
  page = await pageOver(space, { acts });
});

afterAll(async () => {
  await acts.close();
  await page.close();
  await space.remove();
});

/** Posts a form as the page's own browser does. */
async function post(where: PageOfTest, to: string, fields: Readonly<Record<string, string>> = {}): Promise<Response> {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await where.get('/data'))?.[1] ?? '';
  return await where.ask(to, {
    method: 'POST',
    headers: { origin: where.origin },
    body: new URLSearchParams({ csrf, ...fields }),
  });
}

describe('acts', () => {
  it('are refused where the page only shows, and where nobody confirmed them', async () => {
    const shows = await pageOver(space);
    expect((await post(shows, '/pipelines/items/run', { confirmed: 'items' })).status).toBe(403);
    expect(await shows.get('/pipelines/items')).not.toContain('Run now');
    await shows.close();
    for (const confirmed of ['', 'other']) {
      expect((await post(page, '/pipelines/items/run', { confirmed })).status).toBe(403);
    }
    expect((await post(page, '/runs/none/undo', { sure: 'items' })).status).toBe(404);
    expect(await space.sql("SELECT 1 FROM pg_tables WHERE tablename = 'items'")).toEqual([]);
  });

  it('of another origin, or without the form of this page, do nothing', async () => {
    const body = new URLSearchParams({ confirmed: 'items', csrf: 'x' });
    for (const origin of ['https://evil.example', page.origin]) {
      const answer = await page.ask('/pipelines/items/run', { method: 'POST', headers: { origin }, body });
      expect(answer.status, origin).toBe(403);
    }
  });

  it('that fail say why', async () => {
    const answer = await post(page, '/pipelines/unknown/run/preview');
    const where = answer.headers.get('location') ?? '';
    await expect.poll(async () => await page.get(where), { timeout: 20_000 }).toContain('unknown_pipeline');
  });
});
