import net from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRejected, readRows, type SeenRequest, sendJson, setup, startApi } from './extract-setup.ts';

const source = { source_type: 'api', endpoint: 'rows', params: { format: 'json' } };
const good = { results: [{ id: 1 }] };

describe('an API that says: later', () => {
  const date = (ms: number): string => new Date(Date.parse('2026-11-01T00:00:00Z') + ms).toUTCString();

  it.each([
    ['0 seconds', '0', [0]],
    ['2 seconds', '2', [2_000]],
    ['a date in 90 seconds', date(90_000), [90_000]],
    ['a date in the past', date(-90_000), [0]],
    ['garbage', 'soon', [1_000]],
    ['nothing', undefined, [1_000]],
    ['a negative number', '-5', [1_000]],
    ['a fraction of a second', '0.5', [500]],
  ])('in Retry-After with %s is asked again after that', async (_name, retryAfter, waits) => {
    const api = await startApi((_request, response, count) =>
      count === 1
        ? sendJson(response, '', retryAfter === undefined ? {} : { 'retry-after': retryAfter }, 429)
        : sendJson(response, good),
    );
    const { clock, request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
    expect(clock.slept).toEqual(waits);
  });

  it('for longer than max_wait_seconds fails at once and says so', async () => {
    const api = await startApi((_request, response) => sendJson(response, '', { 'retry-after': '3600' }, 429));
    const { clock, request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({
      code: 'api_wait_too_long',
      message: expect.stringContaining('asks to wait 3,600 s, more than retry.max_wait_seconds (300)'),
    });
    expect(clock.slept).toEqual([]);
    expect(api.seen).toHaveLength(1);
  });

  it('with zero seconds again and again is not asked in a tight loop', async () => {
    const api = await startApi((_request, response) => sendJson(response, '', { 'retry-after': '0' }, 503));
    const { clock, request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_busy' });
    expect(clock.slept).toEqual([0, 1_000, 2_000]);
  });

  it.each([
    ['epoch_seconds', String(Date.parse('2026-11-01T00:00:07Z') / 1_000), 7_000],
    ['epoch_milliseconds', String(Date.parse('2026-11-01T00:00:07Z')), 7_000],
    ['seconds', '7', 7_000],
    ['milliseconds', '7000', 7_000],
    ['iso8601', '2026-11-01T00:00:07Z', 7_000],
    ['http_date', 'Sun, 01 Nov 2026 00:00:07 GMT', 7_000],
  ])('in a reset header of the format %s is obeyed', async (format, value, wait) => {
    const api = await startApi((_request, response, count) =>
      count === 1 ? sendJson(response, '', { 'x-reset': value }, 429) : sendJson(response, good),
    );
    const { clock, request } = setup(source, {
      base_url: api.url,
      retry: { reset_headers: [{ name: 'X-Reset', format }] },
    });
    await extract(request);
    expect(clock.slept).toEqual([wait]);
  });

  it('in a header that no request is left is not asked before the reset', async () => {
    const api = await startApi(({ url }, response) => {
      const page = Number(url.searchParams.get('page'));
      const left = page === 1 ? '0' : '9';
      sendJson(response, { results: page < 3 ? [{ id: page }] : [] }, { 'x-left': left, 'x-reset': '30' });
    });
    const { clock, request } = setup(
      { ...source, pagination: { type: 'page_number' } },
      {
        base_url: api.url,
        retry: { reset_headers: [{ name: 'X-Reset', format: 'seconds', remaining_header: 'X-Left' }] },
      },
    );
    await extract(request);
    expect(clock.slept).toEqual([30_000]);
  });

  it.each([408, 429, 500, 502, 503, 504, 599])(
    'with status %i is asked again; after 500 twice and then 200 the rows are there',
    async (status) => {
      const api = await startApi((_request, response, count) =>
        count <= 2 ? sendJson(response, { error: 'x' }, {}, status) : sendJson(response, good),
      );
      const { clock, request } = setup(source, { base_url: api.url });
      expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
      expect(clock.slept).toEqual([1_000, 2_000]);
    },
  );

  it('is not waited for beyond the deadline; the next call goes on', async () => {
    const api = await startApi((_request, response, count) =>
      count === 1 ? sendJson(response, '', { 'retry-after': '60' }, 429) : sendJson(response, good),
    );
    const { clock, request } = setup(source, { base_url: api.url });
    const deadline = new Date(clock.now().getTime() + 30_000);
    expect(await extract({ ...request, deadline })).toMatchObject({ complete: false, parts: [] });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });

  it('waits up to a quarter longer at random, so that many do not come at once', async () => {
    const api = await startApi((_request, response, count) =>
      count === 1 ? sendJson(response, '', {}, 500) : sendJson(response, good),
    );
    const { clock, request } = setup(source, { base_url: api.url }, { random: () => 0.8 });
    await extract(request);
    expect(clock.slept).toEqual([1_200]);
  });
});

describe('an API that says no', () => {
  it.each([
    [400, 'Check endpoint, params and auth'],
    [401, 'Check auth: the credentials are missing, wrong or expired.'],
    [403, 'Check auth'],
    [404, 'Check data_source.base_url and endpoint.'],
    [418, 'Check endpoint'],
  ])('with status %i is asked once, and the error has the answer’s text and the remedy', async (status, remedy) => {
    const api = await startApi((_request, response) =>
      sendJson(response, { error: 'no\nsuch thing', more: 'x'.repeat(1_000) }, {}, status),
    );
    const { request } = setup(source, { base_url: api.url });
    const error = await extract(request).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ name: 'ApiStatusError', status });
    expect(String((error as Error).message)).toContain(
      `GET ${api.url}/rows?format=json answered ${status}: {"error":"no\\nsuch thing"`,
    );
    expect(String((error as Error).message)).toContain(remedy);
    expect(String((error as Error).message).length).toBeLessThan(600);
    expect(api.seen).toHaveLength(1);
  });

  it('never has secrets in its error, also where the server echoes them', async () => {
    const api = await startApi(({ headers, url }, response) =>
      sendJson(
        response,
        { you_sent: headers, url: url.href, form: encodeURIComponent(url.searchParams.get('key') ?? '') },
        {},
        400,
      ),
    );
    const { request } = setup(
      { ...source, params: { format: 'json', key: { env: 'P+/=' } } },
      {
        base_url: api.url,
        headers: { 'X-Tenant': { env: 'TENANT' } },
        auth: { type: 'basic', username: 'u', password: { env: 'WORD' } },
      },
    );
    const message = await extract(request).catch((thrown: Error) => thrown.message);
    expect(message).toContain('you_sent');
    for (const secret of [
      'value-of-TENANT',
      'value-of-WORD',
      Buffer.from('u:value-of-WORD').toString('base64'),
      'value-of-P',
    ]) {
      expect(message).not.toContain(secret);
    }
  });
});

describe('an answer that is not what it should be', () => {
  it.each([
    [
      'an HTML page',
      '<!DOCTYPE html><html><body>Please log in</body></html>',
      'text/html; charset=utf-8',
      'api_not_json',
      'content-type: text/html; charset=utf-8; byte 0',
    ],
    ['an empty body', '', 'application/json', 'api_not_json', 'the body is empty'],
    ['broken JSON', '{"results": [{"id": 1,}]}', 'application/json', 'api_not_json', 'byte 22'],
    [
      'another object',
      '{"kind": "quota"}',
      'application/json',
      'rows_not_found',
      'has no rows at $.results (nor is it an array): it is an object with kind: {"kind": "quota"}',
    ],
    [
      'an error in place of rows',
      '{"error": "quota"}',
      'application/json',
      'api_error_response',
      'says by $.error that it is an error: "quota"',
    ],
    ['a text', '"hello"', 'application/json', 'rows_not_found', 'an scalar'],
    ['an unknown content-encoding', 'xx', 'application/json', 'api_content_encoding', 'snappy'],
  ])('is refused with what was found: %s', async (_name, body, contentType, code, message) => {
    const api = await startApi((_request, response) => {
      response.writeHead(200, {
        'content-type': contentType,
        ...(code === 'api_content_encoding' ? { 'content-encoding': 'snappy' } : {}),
      });
      response.end(body);
    });
    const { request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(api.seen).toHaveLength(1);
  });

  it.each([
    ['204 without a body', 204, ''],
    ['null in place of rows', 200, '{"results": null}'],
    ['no rows', 200, '[]'],
  ])('may have no rows: %s', async (_name, status, body) => {
    const api = await startApi((_request, response) => {
      response.writeHead(status);
      response.end(body);
    });
    const { request } = setup(source, { base_url: api.url });
    expect(await extract(request)).toMatchObject({ complete: true, parts: [], rejected: [] });
  });

  it('may be one JSON object a line', async () => {
    const api = await startApi((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end('{"id":1}\n{"id":2}\n');
    });
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('keeps single records that are no rows aside, and wraps plain values', async () => {
    const api = await startApi((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(Buffer.concat([Buffer.from('[{"id":1},null,7,{"t":"'), Buffer.from([0xff]), Buffer.from('"}]')]));
    });
    const { request } = setup(source, { base_url: api.url });
    const manifest = await extract(request);
    expect(await readRows(request, manifest)).toEqual([{ id: 1 }, { value: 7 }]);
    expect(manifest.rejected).toEqual([expect.objectContaining({ rows: 2 })]);
    expect(await readRejected(request, manifest)).toEqual([
      expect.objectContaining({ row_number: 2, reason: 'The record is null, not an object.' }),
      expect.objectContaining({ row_number: 4, reason: 'The record is not valid UTF-8.' }),
    ]);
  });
});

const many = JSON.stringify({ results: Array.from({ length: 5_000 }, (_, id) => ({ id, text: `row ${id * 7919}` })) });

describe('a body', () => {
  it.each([
    ['gzip', gzipSync(many)],
    ['br', brotliCompressSync(many)],
    ['deflate', deflateSync(many)],
    ['gzip, br', brotliCompressSync(gzipSync(many))],
    ['identity', Buffer.from(many)],
  ])('packed with %s is unpacked', async (encoding, body) => {
    const api = await startApi((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding });
      response.end(body);
    });
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toHaveLength(5_000);
    expect(api.seen[0]?.headers['accept-encoding']).toBe('gzip, br, zstd, deflate');
  });

  it.each([
    ['a reset connection', (body: Buffer) => body.subarray(0, 20_000), {}, true],
    ['a truncated gzip', () => gzipSync(many).subarray(0, -500), { 'content-encoding': 'gzip' }, false],
    ['a damaged gzip', () => Buffer.from('this is no gzip at all'), { 'content-encoding': 'gzip' }, false],
    ['a truncated brotli', () => brotliCompressSync(many).subarray(0, -500), { 'content-encoding': 'br' }, false],
    ['JSON that ends in the middle', (body: Buffer) => body.subarray(0, 20_000), {}, false],
  ])('that is cut off is asked for again, and no row comes twice: %s', async (_name, cut, headers, reset) => {
    const whole = Buffer.from(many);
    const api = await startApi((_request, response, count) => {
      if (count === 3) return sendJson(response, many);
      response.writeHead(200, headers);
      response.write(cut(whole), () => (reset ? response.destroy() : response.end()));
    });
    const { clock, request } = setup(source, { base_url: api.url });
    const rows = await readRows(request, await extract(request));
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 5_000 }, (_, id) => id));
    expect(clock.slept).toEqual([1_000, 2_000]);
  });

  it('that never comes whole ends in an error that says so', async () => {
    const api = await startApi((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('[{"id":1},', () => response.destroy());
    });
    const { request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({
      code: 'api_unreachable',
      message: expect.stringMatching(/failed 4 times: .*(aborted|ECONNRESET)/),
    });
  });
});

describe('a network', () => {
  it('without a server is reported with what to check', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { clock, request } = setup(source, { base_url: `http://127.0.0.1:${port}` });
    await expect(extract(request)).rejects.toMatchObject({
      code: 'api_unreachable',
      message: expect.stringMatching(/failed 4 times: .*ECONNREFUSED.*base_url/),
    });
    expect(clock.slept).toEqual([1_000, 2_000, 4_000]);
  });

  it('that falls silent is given up after timeout_seconds, also in the middle of a body', async () => {
    const api = await startApi((_request, response, count) => {
      if (count === 1) return;
      if (count === 2) {
        response.writeHead(200);
        response.write('[{"id":1},');
        return;
      }
      sendJson(response, good);
    });
    const { request } = setup(source, { base_url: api.url, timeout_seconds: 0.2 });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
    expect(api.seen).toHaveLength(3);
  });
});

describe('credentials', () => {
  const auths = [
    { type: 'bearer', token: { env: 'TOKEN' } },
    { type: 'api_key', name: 'X-Key', key: { env: 'TOKEN' } },
    { type: 'api_key', name: 'key', in: 'query', key: { env: 'TOKEN' } },
    { type: 'basic', username: 'u', password: { env: 'TOKEN' } },
  ];
  const leaked = ({ body, headers, url }: SeenRequest): boolean =>
    /value-of/.test(JSON.stringify(headers) + url.href + body) || headers.authorization !== undefined;

  it.each(auths)('do not follow a redirect or a next URL to another origin: %j', async (auth) => {
    const other = await startApi((_request, response) => sendJson(response, { results: [{ id: 2 }], next: null }));
    const api = await startApi(({ url }, response) => {
      if (url.pathname === '/redirected') {
        response.writeHead(302, { location: `${other.url}/elsewhere` });
        response.end();
      } else sendJson(response, { results: [{ id: 1 }], next: `${other.url}/elsewhere?page=2` });
    });
    const params = { format: 'json', tenant: { env: 'TENANT' } };
    for (const endpoint of ['redirected', 'rows']) {
      const { request } = setup(
        { ...source, endpoint, params, headers: { 'X-Private': { env: 'HEADER' } }, pagination: { type: 'next_url' } },
        { base_url: api.url, auth },
      );
      expect(await readRows(request, await extract(request))).toContainEqual({ id: 2 });
    }
    expect(api.seen.every(leaked)).toBe(true);
    expect(other.seen).toHaveLength(2);
    expect(other.seen.some(leaked)).toBe(false);
  });

  it('follow a redirect within their origin', async () => {
    const api = await startApi((request, response) => {
      if (request.url.pathname === '/rows') {
        response.writeHead(307, { location: '/v2/rows' });
        response.end();
      } else sendJson(response, good, {}, leaked(request) ? 200 : 401);
    });
    const { request } = setup(source, { base_url: api.url, auth: auths[0] });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });

  it('that were left behind by a redirect are named as the reason of a 401', async () => {
    const other = await startApi((_request, response) => sendJson(response, '', {}, 401));
    const api = await startApi((_request, response) => {
      response.writeHead(301, { location: `${other.url}/rows?access_token=abcdef&X-Amz-Signature=123` });
      response.end();
    });
    const { request } = setup(source, { base_url: api.url, auth: auths[0] });
    const message = await extract(request).catch((thrown: Error) => thrown.message);
    expect(message).toContain(`credentials are not sent; if that is the API, set base_url to it`);
    expect(message).toContain('access_token=***');
    expect(message).not.toMatch(/abcdef|123/);
  });

  it('of data_source are not sent to an endpoint that is a URL of another origin', async () => {
    const other = await startApi((_request, response) => sendJson(response, good));
    const { request } = setup(
      { ...source, endpoint: `${other.url}/rows` },
      { base_url: 'http://127.0.0.1:1', auth: auths[0], headers: { 'X-P': { env: 'H' } } },
    );
    await extract(request);
    expect(other.seen.some(leaked)).toBe(false);
  });

  it('are not written to the store', async () => {
    const api = await startApi(({ url }, response) =>
      sendJson(response, {
        results: [{ id: url.searchParams.get('p') }],
        next: url.searchParams.get('p') === null ? '?p=1' : null,
      }),
    );
    const { request } = setup(source, { base_url: api.url, auth: auths[2] });
    const manifest = await extract(request);
    const cursor = await request.store.get('runs/r1/raw/cursor.json');
    expect(JSON.stringify(manifest) + Buffer.from(cursor ?? []).toString()).not.toContain('value-of');
  });

  it('redirects without end are an error', async () => {
    const api = await startApi((_request, response) => {
      response.writeHead(302, { location: '/rows' });
      response.end();
    });
    const { request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_redirects' });
  });
});

describe('an OAuth token', () => {
  const auth = (url: string, more: object = {}) => ({
    type: 'oauth2_client_credentials',
    token_url: `${url}/token`,
    client_id: 'me & you',
    client_secret: { env: 'SECRET' },
    scope: 'read',
    token_params: { audience: 'rows' },
    ...more,
  });

  it.each(['header', 'body'])('is asked for with id and secret in the %s', async (clientAuth) => {
    const api = await startApi(({ url }, response) =>
      url.pathname === '/token' ? sendJson(response, { access_token: 't' }) : sendJson(response, good),
    );
    const { request } = setup(source, { base_url: api.url, auth: auth(api.url, { client_auth: clientAuth }) });
    await extract(request);
    const form = Object.fromEntries(new URLSearchParams(api.seen[0]?.body));
    const common = { grant_type: 'client_credentials', scope: 'read', audience: 'rows' };
    if (clientAuth === 'header') {
      expect(form).toEqual(common);
      const expected = Buffer.from('me+%26+you:value-of-SECRET').toString('base64');
      expect(api.seen[0]?.headers.authorization).toBe(`Basic ${expected}`);
    } else expect(form).toEqual({ ...common, client_id: 'me & you', client_secret: 'value-of-SECRET' });
  });

  it('that is refused in the middle of the pages is renewed once, and the page is asked for again', async () => {
    let issued = 0;
    let uses = 0;
    const api = await startApi(({ headers, url }, response) => {
      if (url.pathname === '/token') {
        issued += 1;
        uses = 0;
        return sendJson(response, { access_token: `t${issued}`, expires_in: 3600 });
      }
      uses += 1;
      if (headers.authorization !== `Bearer t${issued}` || uses > 3)
        return sendJson(response, { error: 'expired' }, {}, 401);
      const page = Number(url.searchParams.get('page'));
      sendJson(response, { results: page <= 10 ? [{ id: page }] : [] });
    });
    const { request } = setup(
      { ...source, pagination: { type: 'page_number' } },
      { base_url: api.url, auth: auth(api.url) },
    );
    expect(await readRows(request, await extract(request))).toHaveLength(10);
    expect(issued).toBe(4);
  });

  it('is renewed before it expires', async () => {
    let issued = 0;
    const api = await startApi(({ url }, response) => {
      if (url.pathname === '/token') {
        issued += 1;
        return sendJson(response, { access_token: `t${issued}`, expires_in: 100 });
      }
      const page = Number(url.searchParams.get('page'));
      sendJson(response, { results: page <= 10 ? [{ id: page }] : [] });
    });
    const made = setup({ ...source, pagination: { type: 'page_number' } }, { base_url: api.url, auth: auth(api.url) });
    await extract({ ...made.request, onProgress: () => made.clock.pass(20_000) });
    expect(issued).toBe(3);
    expect(api.seen.some(({ url }) => url.pathname !== '/token')).toBe(true);
  });

  it('that is refused also when new fails the run at once', async () => {
    const api = await startApi(({ url }, response) =>
      url.pathname === '/token'
        ? sendJson(response, { access_token: 'tttt' })
        : sendJson(response, { error: 'tttt is bad' }, {}, 401),
    );
    const { request } = setup(source, { base_url: api.url, auth: auth(api.url) });
    const message = await extract(request).catch((thrown: Error) => thrown.message);
    expect(message).toContain('answered 401: {"error":"*** is bad"}');
    expect(api.seen).toHaveLength(4);
  });

  it.each([
    [400, '{"error":"invalid_client"}', 'oauth_token_refused', 'it answered 400: {"error":"invalid_client"}'],
    [200, '<html>', 'oauth_token_refused', 'its response has no access_token: <html>'],
    [503, 'busy', 'oauth_server_busy', 'answered 503 when it was asked for a token: busy'],
  ])('that is not given fails the run: %i %s', async (status, body, code, message) => {
    const api = await startApi((_request, response) => sendJson(response, body, {}, status));
    const { request } = setup(source, { base_url: api.url, auth: auth(api.url) });
    await expect(extract(request)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});
