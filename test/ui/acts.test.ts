import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemsConfig, itemsFile, openActingPage } from '../support/acts-page.ts';
import type { InProcess } from '../support/in-process.ts';
import { type PageOfTest, pageOver, postForm } from '../support/served-page.ts';

let space: InProcess;
let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ space, page, close } = await openActingPage(itemsConfig()));
  space.write('items.csv', itemsFile);
});

afterAll(async () => await close());

describe('acts', () => {
  it('are refused where the page only shows, and where nobody confirmed them', async () => {
    const shows = await pageOver(space);
    expect((await postForm(shows, '/pipelines/items/run', { confirmed: 'items' })).status).toBe(403);
    expect(await shows.get('/pipelines/items')).not.toContain('Run now');
    await shows.close();
    for (const confirmed of ['', 'other']) {
      expect((await postForm(page, '/pipelines/items/run', { confirmed })).status).toBe(403);
    }
    expect((await postForm(page, '/runs/none/undo', { sure: 'items' })).status).toBe(404);
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
    const answer = await postForm(page, '/pipelines/unknown/run/preview');
    const where = answer.headers.get('location') ?? '';
    await expect.poll(async () => await page.get(where), { timeout: 20_000 }).toContain('unknown_pipeline');
  });
});
