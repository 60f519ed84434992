import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import { readRows, type SeenRequest, sendJson, setup, startApi, type TestApi } from '../extract-setup.ts';

const source = { source_type: 'api', endpoint: 'rows' };

/** An API that wants the token of its own token endpoint. */
async function tokenApi(answer: (form: URLSearchParams, request: SeenRequest) => object | undefined): Promise<TestApi> {
  return await startApi((request, response) => {
    if (request.url.pathname === '/token') {
      const given = answer(new URLSearchParams(request.body), request);
      return given === undefined ? sendJson(response, { error: 'invalid_grant' }, {}, 400) : sendJson(response, given);
    }
    if (request.headers.authorization !== 'Bearer issued') return sendJson(response, { error: 'who?' }, {}, 401);
    sendJson(response, [{ id: 1 }]);
  });
}

async function rowsWith(
  api: TestApi,
  auth: object,
  more: Parameters<typeof setup>[2] = {},
): Promise<readonly unknown[]> {
  const { request } = setup(source, { base_url: api.url, auth: { token_url: `${api.url}/token`, ...auth } }, more);
  return await readRows(request, await extract(request));
}

const issued = { access_token: 'issued', expires_in: 3600 };

describe('a token is had by', () => {
  it('a password, by a client that has no secret', async () => {
    const api = await tokenApi((form) => (form.get('password') === 'value-of-PASSWORD' ? issued : undefined));
    const auth = { type: 'oauth2_password', username: 'me', password: { env: 'PASSWORD' }, client_id: 'app' };
    expect(await rowsWith(api, auth)).toEqual([{ id: 1 }]);
    expect(Object.fromEntries(new URLSearchParams(api.seen[0]?.body))).toEqual({
      grant_type: 'password',
      username: 'me',
      password: 'value-of-PASSWORD',
      client_id: 'app',
    });
    expect(api.seen[0]?.headers.authorization).toBeUndefined();
  });

  it('a grant of its own, with secrets among its fields', async () => {
    const api = await tokenApi((form) => (form.get('account_key') === 'value-of-KEY' ? issued : undefined));
    const auth = {
      type: 'oauth2_custom_grant',
      grant_type: 'account_credentials',
      token_params: { account_id: 'a1', account_key: { env: 'KEY' } },
      client_id: 'app',
      client_secret: { secret: 'app' },
    };
    expect(await rowsWith(api, auth)).toEqual([{ id: 1 }]);
    expect(api.seen[0]?.body).toBe('grant_type=account_credentials&account_id=a1&account_key=value-of-KEY');
    expect(api.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('app:value-of-app').toString('base64')}`);
  });

  it.each(['pkcs8', 'pkcs1'] as const)('an assertion that a key in %s signs', async (type) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type, format: 'pem' }).toString();
    const api = await tokenApi(() => issued);
    const auth = {
      type: 'oauth2_jwt_bearer',
      private_key: { env: 'KEY' },
      key_id: 'k1',
      issuer: 'robot@example.com',
      claims: { scope: 'sheets.readonly' },
    };
    // Lines as JSON secrets have them.
    expect(await rowsWith(api, auth, { resolveSecret: async () => pem.replaceAll('\n', '\\n') })).toEqual([{ id: 1 }]);
    const form = new URLSearchParams(api.seen[0]?.body);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const { payload, protectedHeader } = await jwtVerify(
      form.get('assertion') ?? '',
      createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      {
        currentDate: new Date('2026-11-01T00:00:10Z'),
        audience: `${api.url}/token`,
      },
    );
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
    expect(payload).toMatchObject({ iss: 'robot@example.com', scope: 'sheets.readonly' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  it('an assertion only where the key is one; the message has nothing of the key', async () => {
    const api = await tokenApi(() => issued);
    const auth = { type: 'oauth2_jwt_bearer', private_key: { env: 'KEY' }, issuer: 'me' };
    const failed = rowsWith(api, auth, { resolveSecret: async () => 'sesame-no-key' });
    await expect(failed).rejects.toMatchObject({
      code: 'private_key',
      message:
        'The secret at auth.private_key is no private key in PEM that signs with RS256. Check that it holds the whole file, with its lines.',
    });
    expect(api.seen).toEqual([]);
  });

  it('a refresh token, and is sent with the prefix that the API wants', async () => {
    const api = await startApi(({ headers, url }, response) => {
      if (url.pathname === '/token') return sendJson(response, issued);
      sendJson(response, headers.authorization === 'Zoho-oauthtoken issued' ? [{ id: 1 }] : [], {}, 200);
    });
    const auth = { type: 'oauth2_refresh_token', refresh_token: { env: 'R' }, token_prefix: 'Zoho-oauthtoken ' };
    expect(await rowsWith(api, auth)).toEqual([{ id: 1 }]);
    expect(api.seen[0]?.body).toBe('grant_type=refresh_token&refresh_token=value-of-R');
  });
});

describe('a refresh token of which each use gives a new one', () => {
  it('is used in its newest form when the access token is refused in the middle of the pages', async () => {
    let current = 'value-of-R';
    let good = '';
    let count = 0;
    const api = await startApi(({ body, headers, url }, response) => {
      if (url.pathname === '/token') {
        if (new URLSearchParams(body).get('refresh_token') !== current) return sendJson(response, {}, {}, 400);
        count += 1;
        current = `r${count}`;
        good = `a${count}`;
        return sendJson(response, { access_token: good, refresh_token: current, expires_in: 3600 });
      }
      if (headers.authorization !== `Bearer ${good}`) return sendJson(response, {}, {}, 401);
      const page = Number(url.searchParams.get('page'));
      // The session ends behind the second page.
      if (page === 2) good = '';
      sendJson(response, page > 3 ? [] : [{ id: page }]);
    });
    const auth = { type: 'oauth2_refresh_token', token_url: `${api.url}/token`, refresh_token: { env: 'R' } };
    const { request } = setup({ ...source, pagination: { type: 'page_number' } }, { base_url: api.url, auth });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(count).toBe(2);
  });

  it('that is refused fails at once, without the token in the message', async () => {
    const api = await tokenApi(() => undefined);
    const failed = rowsWith(api, { type: 'oauth2_refresh_token', refresh_token: { env: 'R' } });
    await expect(failed).rejects.toMatchObject({ code: 'oauth_token_refused', status: 400 });
    await expect(failed).rejects.toThrow(/^(?!.*value-of-R).*answered 400: \{"error":"invalid_grant"\}/s);
    expect(api.seen).toHaveLength(1);
  });
});
