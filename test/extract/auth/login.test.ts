import { describe, expect, it } from 'vitest';
import { extract } from '../../../lib/extract/extract.ts';
import { readRows, type SeenRequest, sendJson, setup, startApi, type TestApi } from '../extract-setup.ts';

const source = { source_type: 'api', endpoint: 'rows' };

async function rowsWith(api: TestApi, auth: object, more: object = {}): Promise<readonly unknown[]> {
  const { request } = setup(
    { ...source, ...more },
    { base_url: api.url, auth: { type: 'login', login_url: `${api.url}/login`, ...auth } },
  );
  return await readRows(request, await extract(request));
}

describe('a login', () => {
  it('by JSON gives a token of the body, which is sent in the header that the API names', async () => {
    const api = await startApi(({ headers, url }, response) => {
      if (url.pathname === '/login') return sendJson(response, { data: { token: 'tok-1' } });
      if (headers['x-session'] !== 'tok-1') return sendJson(response, {}, {}, 401);
      sendJson(response, [{ id: 1 }]);
    });
    const auth = {
      body: { 'user.name': 'me', 'user.password': { env: 'PASSWORD' }, remember: true },
      token_path: '$.data.token',
      send_as: { name: 'X-Session' },
    };
    expect(await rowsWith(api, auth)).toEqual([{ id: 1 }]);
    expect(JSON.parse(api.seen[0]?.body ?? '')).toEqual({
      user: { name: 'me', password: 'value-of-PASSWORD' },
      remember: true,
    });
  });

  it('by a form gives cookies, of which those that end at once are left out', async () => {
    const api = await startApi(({ headers, url }, response) => {
      if (url.pathname === '/login') {
        const cookies = ['old=1; Max-Age=0', 'sid=s-1; Path=/; HttpOnly', 'old=; max-age=0', 'csrf=c=1; Secure'];
        return sendJson(response, {}, { 'set-cookie': cookies });
      }
      sendJson(response, headers.cookie === 'sid=s-1; csrf=c=1' ? [{ id: 1 }] : [{ id: headers.cookie }]);
    });
    const auth = { form: { user: 'me', password: { env: 'P' } }, cookies: true };
    expect(await rowsWith(api, auth)).toEqual([{ id: 1 }]);
    expect(api.seen[0]?.body).toBe('user=me&password=value-of-P');
    expect(api.seen[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it('by HTTP Basic gives a token of a header, which is sent in the query', async () => {
    const api = await startApi(({ headers, url }, response) => {
      if (url.pathname === '/login') return sendJson(response, {}, { 'x-token': headers.authorization ?? '' });
      sendJson(response, url.searchParams.get('session')?.startsWith('Basic ') === true ? [{ id: 1 }] : []);
    });
    const auth = {
      method: 'GET',
      username: 'me',
      password: { env: 'P' },
      token_header: 'X-Token',
      send_as: { in: 'query', name: 'session' },
    };
    expect(await rowsWith(api, auth)).toEqual([{ id: 1 }]);
  });

  it('is made again when the session has ended, by the status that says so or by its time', async () => {
    let logins = 0;
    let uses = 0;
    const api = await startApi(({ headers, url }, response) => {
      if (url.pathname === '/login') {
        logins += 1;
        uses = 0;
        return sendJson(response, { token: `t${logins}` });
      }
      uses += 1;
      if (headers.authorization !== `Bearer t${logins}` || uses > 2) return sendJson(response, {}, {}, 403);
      const page = Number(url.searchParams.get('page'));
      sendJson(response, page > 4 ? [] : [{ id: page }]);
    });
    const auth = { token_path: 'token', body: {}, expired_statuses: [401, 403] };
    const rows = await rowsWith(api, auth, { pagination: { type: 'page_number' } });
    expect(rows).toEqual([1, 2, 3, 4].map((id) => ({ id })));
    expect(logins).toBe(3);
  });

  it('that gives no token says so, without what it was made with', async () => {
    const api = await startApi(({ body }: SeenRequest, response) => sendJson(response, { echo: body }));
    const failed = rowsWith(api, { form: { password: { env: 'P' } }, token_path: '$.token' });
    await expect(failed).rejects.toMatchObject({ code: 'login_refused' });
    await expect(failed).rejects.toThrow(/^(?!.*value-of-P).*no token at \$\.token: .*\*\*\*/s);
  });
});
