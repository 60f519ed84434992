import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { Validator } from '../../lib/manifest.ts';
import { readRows, type SeenRequest, sendJson, settingsOf, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

const tag = '"v1"';
const rows = (count: number): Loose[] => Array.from({ length: count }, (_, id) => ({ id }));

/** An API that says what its response is by a tag, and sends no body to who has it. */
async function taggedApi(body: unknown, headers: OutgoingHttpHeaders = { etag: tag }) {
  return await startApi(({ headers: asked, url }, response) => {
    const isSame = asked['if-none-match'] === headers.etag || asked['if-modified-since'] === headers['last-modified'];
    const isAsked = (asked['if-none-match'] ?? asked['if-modified-since']) !== undefined;
    if (url.searchParams.get('moved') === '1') {
      response.writeHead(302, { location: '/elsewhere' });
      response.end();
    } else if (isAsked && isSame) {
      response.writeHead(304, headers);
      response.end();
    } else sendJson(response, body, headers);
  });
}

async function read(url: string, source: Loose, more: { validator?: Validator | undefined; auth?: Loose } = {}) {
  const { request } = setup(
    { source_type: 'api', endpoint: 'rows', load_mode: 'replace', ...source },
    { base_url: url, ...(more.auth === undefined ? {} : { auth: more.auth }) },
    { validator: more.validator },
  );
  const manifest = await extract(request);
  return { manifest, rows: (await readRows(request, manifest)).length };
}

const conditionsOf = ({ headers }: SeenRequest) => headers['if-none-match'] ?? headers['if-modified-since'];

describe('a response with an ETag', () => {
  it('is asked for by it, and 304 is no rows and nothing new', async () => {
    const api = await taggedApi(rows(3));
    const first = await read(api.url, {});
    expect(first).toMatchObject({ rows: 3, manifest: { validator: { etag: tag } } });
    const second = await read(api.url, {}, { validator: first.manifest.validator });
    expect(second).toMatchObject({ rows: 0, manifest: { complete: true, not_modified: true } });
    expect(second.manifest.validator).toEqual(first.manifest.validator);
    expect(api.seen.map(conditionsOf)).toEqual([undefined, tag]);
  });

  it('is asked for without it where the request or who asks is another', async () => {
    const api = await taggedApi(rows(3));
    const { validator } = (await read(api.url, {})).manifest;
    const auth = { type: 'bearer', token: { env: 'TOKEN' } };
    expect((await read(api.url, { params: { of: 'b' } }, { validator })).rows).toBe(3);
    expect((await read(api.url, { headers: { 'x-tenant': 'b' } }, { validator })).rows).toBe(3);
    expect((await read(api.url, {}, { validator, auth })).rows).toBe(3);
    expect(api.seen.map(conditionsOf)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each<[string, unknown, Loose, OutgoingHttpHeaders?]>([
    ['is one of several', { results: rows(3), next: '/rows?page=2' }, {}],
    ['may be a full page, by a size that is usual', rows(100), {}],
    ['may be a full page, by a size that was asked for', rows(7), { params: { per_page: 7 } }],
    ['may have another behind it, of which a header tells', rows(100), { pagination: { type: 'link_header' } }],
    ['has more than was read', { results: rows(3), total: 8 }, { on_incomplete: 'warn' }],
    ['came from elsewhere', rows(3), { params: { moved: 1 } }],
    ['was asked for with POST', rows(3), { method: 'POST' }],
    ['is cut', rows(3), { max_rows: 2 }],
    ['is to be added each time', rows(3), { load_mode: 'insert' }],
    ['is not to be', rows(3), { conditional_requests: 'off' }],
    ['has a tag that is none', rows(3), {}, { etag: 'v1' }],
    ['has a date alone', rows(3), {}, { 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT' }],
  ])('is always read where it %s', async (_, body, source, headers) => {
    const api = await startApi(({ url }, response) => {
      if (url.searchParams.get('moved') === '1') {
        response.writeHead(302, { location: '/elsewhere' });
        response.end();
      } else if (url.searchParams.get('page') === '2') sendJson(response, { results: [] });
      else sendJson(response, body, headers ?? { etag: tag });
    });
    expect((await read(api.url, source)).manifest.validator).toBeUndefined();
  });

  it.each<[string, unknown, Loose]>([
    [
      'says itself how pages go on',
      { results: rows(100), cursor: null },
      { pagination: { type: 'cursor', cursor_path: '$.cursor' } },
    ],
    ['is said to be all', rows(100), { pagination: { type: 'none' } }],
    ['is empty', [], {}],
  ])('has its tag kept where it %s', async (_, body, source) => {
    const api = await taggedApi(body);
    expect((await read(api.url, source)).manifest.validator).toMatchObject({ etag: tag });
  });
});

describe('a response with Last-Modified alone', () => {
  const source = { conditional_requests: 'last_modified' };
  const changed = 'Sun, 01 Nov 2026 00:00:00 GMT';

  it('is asked for by it where that was said, once a minute has gone by', async () => {
    const settled = { 'last-modified': changed, date: 'Sun, 01 Nov 2026 00:01:00 GMT' };
    const api = await taggedApi(rows(3), settled);
    const { validator } = (await read(api.url, source)).manifest;
    expect(validator).toMatchObject({ last_modified: changed });
    expect((await read(api.url, source, { validator })).manifest.not_modified).toBe(true);
    const fresh = await taggedApi(rows(3), { ...settled, date: 'Sun, 01 Nov 2026 00:00:59 GMT' });
    expect((await read(fresh.url, source)).manifest.validator).toBeUndefined();
  });
});

describe('conditional_requests', () => {
  it.each<[Loose, string]>([
    [{ method: 'POST' }, 'method: GET'],
    [{ parent: { endpoint: 'p' }, endpoint: 'x/{parent.id}' }, 'not with parent'],
    [{ max_rows: 3 }, 'not with max_rows'],
    [{ load_mode: 'insert' }, 'use upsert or replace'],
  ])('is refused where it cannot mean anything: %j', (source, message) => {
    const all = { source_type: 'api', endpoint: 'rows', load_mode: 'replace', conditional_requests: 'etag', ...source };
    expect(() => settingsOf(all)).toThrow(message);
  });
});
