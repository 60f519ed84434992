import type { LookupFunction } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readEnvironment } from '../../lib/config/environment.ts';
import { HttpConnections, type HttpResponse } from '../../lib/extract/api/http-connections.ts';
import { httpProxy, type ProxyOptions, type TestProxy } from '../support/http-proxy.ts';
import { serve, type TestServer } from '../support/http-server.ts';

/** Names that this machine can look up. */
const known: Readonly<Record<string, string>> = {
  'api.public.test': '93.184.216.34',
  'inner.public.test': '10.1.2.3',
};

const resolve: LookupFunction = (name, _, callback) => {
  const address = known[name];
  if (address === undefined)
    callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
  else callback(null, [{ address, family: 4 }]);
};

async function proxied(
  options: ProxyOptions = {},
): Promise<{ readonly proxy: TestProxy; readonly via: HttpConnections }> {
  const proxy = await httpProxy(options);
  const via = new HttpConnections({
    concurrency: 1,
    allowPrivate: false,
    resolve,
    proxyFor: () => proxy.url,
    proxyMs: 500,
  });
  onTestFinished(async () => {
    via.close();
    await proxy.close();
  });
  return { proxy, via };
}

async function api(location?: string): Promise<TestServer> {
  const server = await serve((request, response) => {
    if (location !== undefined && request.url === '/moved') response.writeHead(302, { location });
    response.end(
      JSON.stringify({
        results: [{ id: 1 }],
        auth: request.headers['x-key'] ?? null,
        proxy: request.headers['proxy-authorization'] ?? null,
      }),
    );
  });
  onTestFinished(() => server.close());
  return server;
}

async function ask(via: HttpConnections, url: string): Promise<HttpResponse | undefined> {
  const credentials = { origin: new URL(url).origin, headers: { 'x-key': 'secret' }, query: {} };
  const request = { method: 'GET', url: new URL(url), headers: {}, body: undefined, credentials } as const;
  return await via.exchange(request, { timeoutMs: 1_000, signal: undefined });
}

async function bodyOf(response: HttpResponse | undefined): Promise<unknown> {
  let text = '';
  for await (const part of response?.body ?? []) text += String(part);
  return JSON.parse(text) as unknown;
}

describe('an API behind a proxy', () => {
  it('is asked through it, with its own credentials and without those of the proxy', async () => {
    const server = await api();
    const { port } = new URL(server.url);
    const { proxy, via } = await proxied({ password: 'me:geheim', hosts: { 'api.public.test': '127.0.0.1' } });
    const response = await ask(via, `http://api.public.test:${port}/users`);
    expect(await bodyOf(response)).toMatchObject({ auth: 'secret', proxy: null });
    expect(proxy.seen).toEqual([`GET http://api.public.test:${port}/users`]);
  });

  it('is left to the proxy where this machine cannot look up its name, and another host that it leads to is not', async () => {
    const moved = await api('http://other.hidden.test/');
    const { port } = new URL(moved.url);
    const { proxy, via } = await proxied({ hosts: { 'api.hidden.test': '127.0.0.1' } });
    expect(await bodyOf(await ask(via, `http://api.hidden.test:${port}/`))).toMatchObject({ auth: 'secret' });
    await expect(ask(via, `http://api.hidden.test:${port}/moved`)).rejects.toMatchObject({ code: 'api_name_unknown' });
    expect(proxy.seen).toHaveLength(2);
  });

  it.each([
    ['http://inner.public.test/', 'api_address_refused'],
    ['http://169.254.169.254/latest/meta-data/', 'api_address_refused'],
    ['http://[::1]/', 'api_address_refused'],
    ['ftp://api.public.test/', 'api_scheme_refused'],
  ])('is not followed to %s', async (location, code) => {
    const server = await api(location);
    const { port } = new URL(server.url);
    const { proxy, via } = await proxied({ hosts: { 'api.public.test': '127.0.0.1' } });
    await expect(ask(via, `http://api.public.test:${port}/moved`)).rejects.toMatchObject({ code });
    expect(proxy.seen).toEqual([`GET http://api.public.test:${port}/moved`]);
  });

  it('whose own name resolves to an address that is not public is not asked', async () => {
    const { proxy, via } = await proxied();
    await expect(ask(via, 'https://inner.public.test/')).rejects.toMatchObject({ code: 'api_address_refused' });
    expect(proxy.seen).toEqual([]);
  });
});

describe('what a proxy answers to CONNECT itself', () => {
  const body = '{"results":[{"id":666}]}';

  it.each([
    [`HTTP/1.1 201 Created\r\ncontent-length: ${body.length}\r\n\r\n${body}`, 'proxy_refused'],
    ['HTTP/1.1 302 Found\r\nlocation: https://api.public.test/elsewhere\r\n\r\n', 'proxy_refused'],
    ['HTTP/1.1 403 Forbidden\r\n\r\nno', 'proxy_refused'],
    ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'proxy_refused'],
    ['HTTP/1.1 503 Service Unavailable\r\n\r\n', 'EPROXY'],
  ])('is no answer of the API: %j', async (answer, code) => {
    const { proxy, via } = await proxied({ answer, password: 'me:geheim' });
    const asked = ask(via, 'https://api.public.test/');
    await expect(asked).rejects.toMatchObject({
      code,
      message: expect.stringContaining('The proxy http://127.0.0.1') as string,
    });
    await asked.catch((error: unknown) => expect(String(error)).not.toContain('geheim'));
    expect(proxy.seen).toEqual(['CONNECT api.public.test:443']);
  });

  it('is waited for no longer than for the API', async () => {
    const { via } = await proxied({ answer: '' });
    await expect(ask(via, 'https://api.public.test/')).rejects.toMatchObject({
      code: 'EPROXY',
      message: expect.stringContaining('did not answer for 0.5 s') as string,
    });
  });
});

describe('the environment', () => {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);

  function withVariables(variables: Readonly<Record<string, string>>): ReturnType<typeof readEnvironment>['proxyFor'] {
    const before = names.map((name) => [name, process.env[name]] as const);
    onTestFinished(() => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    for (const name of names) delete process.env[name];
    Object.assign(process.env, variables);
    return readEnvironment().proxyFor;
  }

  it('names a proxy by the scheme of the URL, and hosts without one', () => {
    expect(withVariables({})).toBeUndefined();
    const proxyFor = withVariables({
      HTTPS_PROXY: 'http://secure:1',
      http_proxy: 'plain:2',
      NO_PROXY: 'example.org,.inner',
    });
    expect(
      ['https://a.com/x', 'http://a.com/x', 'https://example.org/', 'https://b.inner/'].map((url) => proxyFor?.(url)),
    ).toEqual(['http://secure:1', 'http://plain:2', undefined, undefined]);
    expect(withVariables({ HTTPS_PROXY: 'bare:3128' })?.('https://a.com/')).toBe('http://bare:3128');
  });
});
