import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPageSpace, type PageOfTest } from '../support/served-page.ts';

let page: PageOfTest;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ page, close } = await openPageSpace(
    'pipelines: { items: { source_type: file, file_path: items.csv, target_table: items } }',
  ));
});

afterAll(async () => await close());

/** A request with headers that `fetch` does not let anybody set. */
async function raw(path: string, headers: http.OutgoingHttpHeaders, method = 'GET'): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: page.port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', reject).end();
  });
}

describe('the page', () => {
  it('is shown to nobody without a token or its cookie', async () => {
    const answer = await fetch(`${page.origin}/`, { redirect: 'manual' });
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toContain('items');
    for (const path of ['/runs/abc', '/events', '/data', '/?token=wrong', '/?token=']) {
      expect((await fetch(`${page.origin}${path}`)).status, path).toBe(403);
    }
    expect((await page.ask('/')).status).toBe(200);
  });

  it('opens by a link once, and by a new one again', async () => {
    const link = page.newLink();
    const first = await fetch(link);
    expect(first.status).toBe(200);
    expect(first.headers.get('set-cookie')).toMatch(/^etl_ui_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await fetch(link)).status).toBe(403);
    expect((await fetch(page.newLink())).status).toBe(200);
  });

  it('answers under the names of this machine only', async () => {
    const cookie = (await fetch(page.newLink())).headers.get('set-cookie')?.split(';')[0] ?? '';
    for (const host of ['evil.example', `evil.example:${page.port}`, '127.0.0.1', `127.0.0.1:${page.port + 1}`]) {
      expect(await raw('/', { host, cookie }), host).toBe(403);
      expect(await raw('/assets/ui.css', { host }), host).toBe(403);
    }
    for (const host of [`127.0.0.1:${page.port}`, `localhost:${page.port}`]) {
      expect(await raw('/', { host, cookie }), host).toBe(200);
    }
  });

  it('takes no request from another origin, and no act without its own origin and form', async () => {
    for (const origin of ['https://evil.example', `https://127.0.0.1:${page.port}`, 'http://127.0.0.1', 'null']) {
      expect((await page.ask('/', { headers: { origin } })).status, origin).toBe(403);
      expect((await page.ask('/', { method: 'POST', headers: { origin } })).status, origin).toBe(403);
    }
    expect((await page.ask('/', { method: 'POST' })).status).toBe(403);
    const own = { origin: page.origin };
    expect((await page.ask('/', { method: 'POST', headers: own })).status).toBe(403);
    const body = new URLSearchParams({ csrf: 'guessed' });
    expect((await page.ask('/', { method: 'POST', headers: own, body })).status).toBe(403);
    expect((await page.ask('/', { method: 'DELETE', headers: own })).status).toBe(403);
  });

  it('forbids scripts in its pages, frames around it, and any other origin', async () => {
    const { headers } = await page.ask('/');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; .*form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
    const text = await page.get('/');
    expect(text).not.toMatch(/<script(?![^>]* src="\/assets\/)|\son\w+=|\sstyle=|javascript:/);
    expect([...text.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, to]) => to)).not.toContainEqual(
      expect.stringMatching(/^(https?:)?\/\//),
    );
  });
});
