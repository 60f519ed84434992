import type { LookupAddress } from 'node:dns';
import type { ServerResponse } from 'node:http';
import type { LookupFunction } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpConnections } from '../../lib/extract/api/http-connections.ts';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi } from './extract-setup.ts';

const source = { source_type: 'api', endpoint: 'rows' };
const retry = { delays_seconds: [] };
const metadata = [
  'http://169.254.169.254/latest/meta-data/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://2852039166/',
  'http://0251.0376.0251.0376/',
  'http://0xa9.254.169.254/',
  'http://10.0.0.1/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://0.0.0.0:1/',
  'http://[::]:1/',
  'http://100.64.0.1/',
  'http://224.0.0.1/',
];
const redirect = (response: ServerResponse, location: string): void => {
  response.writeHead(307, { location }).end();
};
const refused = { code: 'api_address_refused' };

describe('an API at a loopback address', () => {
  it.each(metadata)('that gives %s as its next page is an error, and nothing is sent there', async (next) => {
    const api = await startApi((_request, response) => sendJson(response, { results: [{ id: 1 }], next }));
    const { request } = setup(source, { base_url: api.url, retry, timeout_seconds: 1 });
    await expect(extract(request)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(`${api.url} led to ${new URL(next).origin}, which is a`),
    });
  });

  it.each(metadata)('that redirects to %s is an error', async (location) => {
    const api = await startApi((_request, response) => redirect(response, location));
    const { request } = setup(source, { base_url: api.url, retry, timeout_seconds: 1 });
    await expect(extract(request)).rejects.toMatchObject(refused);
  });

  it.each(['header', 'body'])('whose answer gives such a URL in its %s is an error', async (place) => {
    const to = 'http://169.254.169.254/?token=s3cret';
    const api = await startApi((_request, response) =>
      place === 'header'
        ? sendJson(response, { results: [{ id: 1 }] }, { link: `<${to}>; rel="next"` })
        : sendJson(response, { results: [{ id: 1 }], links: { next: to } }),
    );
    const { request } = setup(source, { base_url: api.url, retry, timeout_seconds: 1 });
    const error = await extract(request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(refused);
    expect(String(error)).not.toContain('s3cret');
  });

  it('may lead to another port of loopback', async () => {
    const other = await startApi((_request, response) => sendJson(response, { results: [{ id: 2 }] }));
    const api = await startApi((_request, response) =>
      sendJson(response, { results: [{ id: 1 }], next: `http://localhost:${other.port}/rows` }),
    );
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it.each(['file:///etc/passwd', 'ftp://example.com/', 'data:application/json,[]'])(
    'that leads to %s is an error that names the scheme',
    async (to) => {
      for (const status of [200, 302]) {
        const api = await startApi((_request, response) =>
          status === 302 ? redirect(response, to) : sendJson(response, { results: [{ id: 1 }], next: to }),
        );
        const { request } = setup({ ...source, pagination: { type: 'next_url' } }, { base_url: api.url, retry });
        await expect(extract(request)).rejects.toMatchObject({
          code: 'api_scheme_refused',
          message: expect.stringContaining(new URL(to).protocol),
        });
      }
    },
  );

  it('with a token server at a link-local address is an error only where that server redirects', async () => {
    const tokens = await startApi((_request, response) => redirect(response, 'http://169.254.169.254/token'));
    const api = await startApi((_request, response) => sendJson(response, { results: [] }));
    const auth = {
      type: 'oauth2_client_credentials',
      token_url: `${tokens.url}/token`,
      client_id: 'id',
      client_secret: { env: 'SECRET' },
    };
    const { request } = setup(source, { base_url: api.url, auth, retry, timeout_seconds: 1 });
    await expect(extract(request)).rejects.toMatchObject(refused);
    expect(api.seen).toHaveLength(0);
  });
});

describe('an API under a name', () => {
  /** Connections to names that resolve as told, one answer after the other. */
  function connections(answers: readonly string[], allowPrivate = false): HttpConnections {
    let count = 0;
    const resolve: LookupFunction = (_name, _options, callback) => {
      const address = answers[Math.min(count, answers.length - 1)] ?? '';
      count += 1;
      const found: LookupAddress[] = [{ address, family: address.includes(':') ? 6 : 4 }];
      callback(null, found);
    };
    const opened = new HttpConnections({ concurrency: 1, allowPrivate, resolve });
    onTestFinished(() => opened.close());
    return opened;
  }
  const ask = async (opened: HttpConnections, url: string, home = new URL(url).origin) => {
    const request = { method: 'GET', url: new URL(url), headers: {}, body: undefined } as const;
    const response = await opened.exchange(
      { ...request, credentials: { origin: home, headers: {}, query: {} } },
      { timeoutMs: 1_000, signal: undefined },
    );
    response?.body.destroy();
    return response?.status;
  };

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '169.254.169.254', '0.0.0.0'])(
    'that resolves to %s is an error, and the server there sees nothing',
    async (address) => {
      const api = await startApi((_request, response) => sendJson(response, {}));
      await expect(ask(connections([address]), `http://api.example.com:${api.port}/`)).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/^http:\/\/api\.example\.com:\d+ resolves to /),
      });
      expect(api.seen).toHaveLength(0);
    },
  );

  it('may do so with allow_private_addresses', async () => {
    const api = await startApi((_request, response) => sendJson(response, {}));
    expect(await ask(connections(['127.0.0.1'], true), `http://api.example.com:${api.port}/`)).toBe(200);
  });

  it('that resolves elsewhere the second time is checked at each connection', async () => {
    const api = await startApi((_request, response) => sendJson(response, {}, { connection: 'close' }));
    const opened = connections(['127.0.0.1', '169.254.169.254']);
    // The first look-up is allowed, for the API is at a loopback address.
    const home = 'http://127.0.0.1';
    expect(await ask(opened, `http://api.example.com:${api.port}/`, home)).toBe(200);
    await expect(ask(opened, `http://api.example.com:${api.port}/`, home)).rejects.toMatchObject(refused);
  });

  it('cannot use a connection that another origin was allowed', async () => {
    const api = await startApi((_request, response) => sendJson(response, {}));
    const opened = connections(['127.0.0.1']);
    expect(await ask(opened, `http://inside.example.com:${api.port}/`, 'http://localhost')).toBe(200);
    await expect(ask(opened, `http://inside.example.com:${api.port}/`, 'http://api.example.com')).rejects.toMatchObject(
      refused,
    );
    expect(api.seen).toHaveLength(1);
  });

  it('over https may not lead to http', async () => {
    const opened = connections(['93.184.216.34']);
    await expect(ask(opened, 'http://api.example.com/next', 'https://api.example.com')).rejects.toMatchObject({
      code: 'api_scheme_refused',
      message: expect.stringContaining('https://api.example.com led to http://api.example.com, without TLS'),
    });
  });
});

it('a cursor that no header can hold is an error that names the header', async () => {
  const api = await startApi((_request, response) => sendJson(response, { results: [{ id: 1 }], next: 'a\r\nx: 1' }));
  const pagination = { type: 'cursor', in: 'header', cursor_param: 'X-After', cursor_path: '$.next' };
  const { request } = setup({ ...source, pagination }, { base_url: api.url });
  await expect(extract(request)).rejects.toMatchObject({
    code: 'api_header_refused',
    message: expect.stringContaining('"x-after"'),
  });
});

describe('a value of a parent in the path', () => {
  const below = {
    ...source,
    endpoint: 'users/{parent.a}/posts',
    parent: { endpoint: 'users' },
  };

  it.each([
    '.',
    '..',
    '',
    '../admin',
    'x/../../admin',
    '..\\admin',
    '%2e%2e',
    '%252e%252e',
    '..%2fadmin',
    'a\u0000b',
    '\ud800',
  ])('%j is an error, and no request is made of it', async (a) => {
    const api = await startApi((_request, response) => sendJson(response, [{ a }]));
    const { request } = setup(below, { base_url: `${api.url}/v1` });
    await expect(extract(request)).rejects.toMatchObject({ code: 'parent_path' });
    expect(api.seen).toHaveLength(1);
  });

  it.each([
    ['a/b', '/users/a%2Fb/posts'],
    ['50%', '/users/50%25/posts'],
    ['...', '/users/.../posts'],
    ['v1.2', '/users/v1.2/posts'],
    ['ü?#', '/users/%C3%BC%3F%23/posts'],
  ])('%j stays one segment', async (a, path) => {
    const api = await startApi(({ url }, response) => sendJson(response, url.pathname === '/users' ? [{ a }] : []));
    const { request } = setup(below, { base_url: api.url });
    await extract(request);
    expect(api.seen[1]?.url.pathname).toBe(path);
  });

  it('may be anything in the query', async () => {
    const api = await startApi(({ url }, response) =>
      sendJson(response, url.pathname === '/users' ? [{ a: '..' }] : []),
    );
    const { request } = setup({ ...below, endpoint: 'posts?of={parent.a}' }, { base_url: api.url });
    await extract(request);
    expect(api.seen[1]?.url.href).toContain('/posts?of=..');
  });
});

it('a parameter in the body named __proto__ is one of the body alone', async () => {
  const api = await startApi((_request, response, count) => sendJson(response, count === 1 ? [{ id: 1 }] : []));
  const { request } = setup(
    { ...source, method: 'POST', pagination: { type: 'page_number', in: 'body', page_param: '__proto__.polluted' } },
    { base_url: api.url },
  );
  await extract(request);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(api.seen[0]?.body).toBe('{"__proto__":{"polluted":1}}');
});
