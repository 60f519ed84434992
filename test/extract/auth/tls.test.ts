import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import { certificateAuthority, type Signed } from '../../support/certificates.ts';
import { readRows, sendJson, setup, startApi } from '../extract-setup.ts';

async function startTls(ca: string, own: Signed, redirect?: string): Promise<{ url: string; peers: string[] }> {
  const peers: string[] = [];
  const options = { cert: own.certificate, key: own.key, ca: [ca], requestCert: true, rejectUnauthorized: false };
  const server = https.createServer(options, (request, response) => {
    const socket = request.socket as TLSSocket;
    const name = socket.getPeerCertificate().subject?.CN;
    peers.push(socket.authorized ? String(name) : 'nobody');
    if (redirect !== undefined) response.writeHead(302, { location: redirect }).end();
    else sendJson(response, [{ id: 1, client: socket.authorized }]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, peers };
}

it('a client certificate and a CA are used for the API, and a certificate is not shown where it redirects to', async () => {
  const { ca, sign } = await certificateAuthority();
  const [server, client] = [await sign('localhost'), await sign('robot')];
  const secrets: Readonly<Record<string, string>> = { CERT: client.certificate, KEY: client.key, CA: ca };
  const resolveSecret = async (reference: object): Promise<string> =>
    'env' in reference ? (secrets[String(reference.env)] ?? '') : '';
  const tls = { certificate: { env: 'CERT' }, key: { env: 'KEY' }, ca: { env: 'CA' } };
  const api = await startTls(ca, server);
  const good = setup({ source_type: 'api', endpoint: 'rows' }, { base_url: api.url, tls }, { resolveSecret });
  expect(await readRows(good.request, await extract(good.request))).toEqual([{ id: 1, client: true }]);
  expect(api.peers).toEqual(['robot']);

  // Where a redirect leads, neither the certificate nor the CA holds.
  const other = await startTls(ca, server);
  const leading = await startTls(ca, server, `${other.url}/elsewhere`);
  const led = setup({ source_type: 'api', endpoint: 'rows' }, { base_url: leading.url, tls }, { resolveSecret });
  await expect(extract(led.request)).rejects.toMatchObject({ code: 'api_certificate' });
  expect(other.peers).toEqual([]);
});

it('a CA of its own that is missing is an error that names the setting', async () => {
  const { ca, sign } = await certificateAuthority();
  const api = await startTls(ca, await sign('localhost'));
  const { request } = setup({ source_type: 'api', endpoint: 'rows' }, { base_url: api.url });
  await expect(extract(request)).rejects.toThrow(/certificate was refused.*tls\.ca/);
});

it('a key that is not that of the certificate is refused before anything is sent', async () => {
  const { sign } = await certificateAuthority();
  const [one, two] = [await sign('one'), await sign('two')];
  const api = await startApi((_, response) => sendJson(response, []));
  const tls = { certificate: { env: 'C' }, key: { env: 'K' } };
  const { request } = setup(
    { source_type: 'api', endpoint: 'rows' },
    { base_url: api.url, tls },
    { resolveSecret: async (reference) => ('env' in reference && reference.env === 'C' ? one.certificate : two.key) },
  );
  await expect(extract(request)).rejects.toMatchObject({ code: 'private_key', message: /tls\.key/ });
  expect(api.seen).toEqual([]);
});
