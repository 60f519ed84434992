import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi, type TestApi } from '../extract-setup.ts';

async function rowsWith(api: TestApi, auth: object, more: object = {}): Promise<readonly unknown[]> {
  const { request } = setup(
    { source_type: 'api', endpoint: 'v1/rows', ...more },
    { base_url: api.url, auth: { type: 'hmac', key: { env: 'KEY' }, ...auth } },
  );
  return await readRows(request, await extract(request));
}

const hmac = (text: string, encoding: 'hex' | 'base64' = 'hex', key: string | Buffer = 'value-of-KEY'): string =>
  createHmac('sha256', key).update(text).digest(encoding);

describe('a request is signed', () => {
  it('over time, method, path, query and body, in headers', async () => {
    const api = await startApi(({ body, headers, method, url }, response) => {
      const text = `${headers['x-time']}${method}${url.pathname}${url.search}${createHash('sha256').update(body).digest('hex')}`;
      const good = headers['x-sign'] === `v1=${hmac(text)}` && headers['x-key'] === 'id-1';
      const { page } = JSON.parse(body) as { page: number };
      if (!good) return sendJson(response, { error: 'signature' }, {}, 401);
      sendJson(response, page > 2 ? [] : [{ id: page }]);
    });
    const auth = {
      key_id: 'id-1',
      message: '{timestamp}{method}{path_and_query}{body_sha256}',
      timestamp: 'epoch_milliseconds',
      headers: { 'X-Time': '{timestamp}', 'X-Sign': 'v1={signature}', 'X-Key': '{key_id}' },
    };
    const pages = {
      method: 'POST',
      params: { b: '2 3', a: 'ü' },
      pagination: { type: 'page_number', in: 'body' },
    };
    expect(await rowsWith(api, auth, pages)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(api.seen[0]?.headers['x-time']).toBe(String(Date.parse('2026-11-01T00:00:00Z')));
  });

  it('over a query to which time and signature belong', async () => {
    const api = await startApi(({ url }, response) => {
      const [signed = '', signature = ''] = url.search.slice(1).split('&signature=');
      const good = signature === hmac(signed) && url.searchParams.get('timestamp') === '1793491200';
      sendJson(response, good ? [{ id: 1 }] : { error: 'signature' }, {}, good ? 200 : 400);
    });
    const auth = { message: '{query}', query: { timestamp: '{timestamp}', signature: '{signature}' } };
    expect(await rowsWith(api, auth, { params: { symbol: 'A B', key: { env: 'ID' } } })).toEqual([{ id: 1 }]);
  });

  it('with a key in Base64, and lines in the message', async () => {
    const key = Buffer.from([0, 255, 1, 254]);
    const api = await startApi(({ headers, url }, response) => {
      const text = `GET\n${url.host}\n${url.pathname}\na=1&b=2`;
      sendJson(response, headers.authorization === `HMAC ${hmac(text, 'base64', key)}` ? [{ id: 1 }] : []);
    });
    const { request } = setup(
      {
        source_type: 'api',
        endpoint: 'rows',
        params: { b: 2, a: 1 },
        auth: {
          type: 'hmac',
          key: { env: 'KEY' },
          key_encoding: 'base64',
          encoding: 'base64',
          message: '{method}\n{host}\n{path}\n{sorted_query}',
          headers: { Authorization: 'HMAC {signature}' },
        },
      },
      { base_url: api.url },
      { resolveSecret: async () => key.toString('base64') },
    );
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });
});
