import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi, type TestApi } from './extract-setup.ts';

const users = Array.from({ length: 12 }, (_, index) => ({ id: index + 1, name: `ユーザー ${index + 1}/&?`, big: '' }));
const source = {
  source_type: 'api',
  endpoint: 'users/{parent.id}/posts',
  params: { of: '{parent.name}', limit: 2 },
  pagination: { type: 'page_number' },
  parent: {
    endpoint: 'users',
    pagination: { type: 'offset', limit: 5 },
    include: { user_id: 'id', user_name: 'name' },
  },
};

/** User n has n % 4 posts, two a page. */
const postsOf = (user: number): readonly object[] =>
  Array.from({ length: user % 4 }, (_, index) => ({ post: `${user}-${index}` }));
const expected = users.flatMap(({ id, name }) =>
  postsOf(id).map((post) => ({ user_id: id, user_name: name, ...post })),
);

async function usersApi(
  delay: (user: number) => Promise<void> = async () => undefined,
): Promise<TestApi & { mostAtOnce: () => number }> {
  let atOnce = 0;
  let most = 0;
  const api = await startApi(async ({ url }, response) => {
    const user = Number(/users\/(\d+)\/posts/.exec(url.pathname)?.[1] ?? 0);
    if (user === 0) {
      const offset = Number(url.searchParams.get('offset'));
      return sendJson(response, { results: users.slice(offset, offset + 5) });
    }
    atOnce += 1;
    most = Math.max(most, atOnce);
    await delay(user);
    atOnce -= 1;
    const page = Number(url.searchParams.get('page'));
    sendJson(
      response,
      url.searchParams.get('of') === users[user - 1]?.name
        ? postsOf(user).slice((page - 1) * 2, page * 2)
        : { wrong: true },
    );
  });
  return { ...api, mostAtOnce: () => most };
}

describe('an endpoint below another one', () => {
  it('is asked for each parent, several at once, and its rows come in the order of the parents', async () => {
    // Earlier parents answer later than their juniors.
    const api = await usersApi((user) => new Promise((resolve) => setTimeout(resolve, user % 3 === 1 ? 30 : 1)));
    const { request } = setup({ ...source, concurrency: 3 }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual(expected);
    expect(api.mostAtOnce()).toBe(3);
  });

  it('goes on after each deadline, and many calls give what one gives', async () => {
    const api = await usersApi();
    const whole = setup(source, { base_url: api.url });
    const { source_fingerprint: fingerprint } = await extract(whole.request);
    for (const concurrency of [1, 4]) {
      const made = setup({ ...source, concurrency }, { base_url: api.url });
      const onProgress = (): void => made.clock.pass(1_000);
      let manifest = await extract({ ...made.request, onProgress, deadline: made.clock.now() });
      for (let calls = 0; !manifest.complete && calls < 30; calls += 1) {
        manifest = await extract({
          ...made.request,
          onProgress,
          deadline: new Date(made.clock.now().getTime() + 3_000),
        });
      }
      expect(await readRows(made.request, manifest)).toEqual(expected);
      expect(manifest.source_fingerprint).toBe(fingerprint);
    }
  });

  it('ends at max_rows', async () => {
    const api = await usersApi();
    const { request } = setup({ ...source, max_rows: 7 }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual(expected.slice(0, 7));
  });

  it('fails with the first parent that fails, and goes on there', async () => {
    let broken = true;
    const api = await startApi(({ url }, response) => {
      const user = Number(/users\/(\d+)\/posts/.exec(url.pathname)?.[1] ?? 0);
      if (user === 0) return sendJson(response, { results: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }] });
      if (broken && user === 3) return sendJson(response, { error: 'gone' }, {}, 410);
      sendJson(response, [{ post: user }]);
    });
    const settings = { source_type: 'api', endpoint: 'users/{parent.id}/posts', parent: { endpoint: 'users' } };
    const made = setup(settings, { base_url: api.url });
    await expect(extract(made.request)).rejects.toMatchObject({
      code: 'api_status',
      message: expect.stringContaining('users/3/posts answered 410'),
    });
    broken = false;
    const before = api.seen.length;
    expect(await readRows(made.request, await extract(made.request))).toEqual([1, 2, 3, 4].map((post) => ({ post })));
    expect(api.seen.length - before).toBe(2);
    broken = true;
    const tolerant = setup(
      { ...settings, parent: { endpoint: 'users', no_rows_statuses: [410] } },
      { base_url: api.url },
    );
    expect(await readRows(tolerant.request, await extract(tolerant.request))).toEqual(
      [1, 2, 4].map((post) => ({ post })),
    );
  });

  it('may have its parents as plain values, and put them into a body with their type', async () => {
    const api = await startApi(({ body, url }, response) =>
      url.pathname === '/ids' ? sendJson(response, '[12345678901234567890, 7]') : sendJson(response, [{ asked: body }]),
    );
    const { request } = setup(
      {
        source_type: 'api',
        endpoint: 'item',
        method: 'POST',
        body: { id: '{parent.value}', text: 'no. {parent.value}' },
        parent: { endpoint: 'ids' },
      },
      { base_url: api.url },
    );
    expect(await readRows(request, await extract(request))).toEqual([
      { asked: '{"id":12345678901234567890,"text":"no. 12345678901234567890"}' },
      { asked: '{"id":7,"text":"no. 7"}' },
    ]);
  });

  it('keeps a name that stands in the query several times', async () => {
    const api = await startApi(({ url }, response) =>
      url.pathname === '/ids'
        ? sendJson(response, [{ id: 'p 1' }, { id: 2 }])
        : sendJson(response, [{ query: url.searchParams.toString() }]),
    );
    const endpoint = 'item?tag=a&tag=b&id={parent.id}&tag=a%26c';
    const { request } = setup(
      { source_type: 'api', endpoint, params: { of: '{parent.id}' }, parent: { endpoint: 'ids' } },
      { base_url: api.url },
    );
    expect(await readRows(request, await extract(request))).toEqual([
      { query: 'tag=a&tag=b&id=p+1&tag=a%26c&of=p+1' },
      { query: 'tag=a&tag=b&id=2&tag=a%26c&of=2' },
    ]);
  });

  it.each([
    ['a field that parents lack', { endpoint: 'posts/{parent.uid}' }, 'parent_field_missing'],
    [
      'a column that rows have already',
      { endpoint: 'posts/{parent.id}', parent: { endpoint: 'users', include: { post: 'id' } } },
      'parent_field_collision',
    ],
  ])('fails clearly for %s', async (_name, settings, code) => {
    const api = await startApi(({ url }, response) =>
      sendJson(response, url.pathname === '/users' ? [{ id: 1 }] : [{ post: 1 }]),
    );
    const { request } = setup(
      { source_type: 'api', parent: { endpoint: 'users' }, ...settings },
      { base_url: api.url },
    );
    await expect(extract(request)).rejects.toMatchObject({ code });
  });

  it('keeps requests within the rate, however many are under way', async () => {
    const api = await usersApi();
    const { clock, request } = setup(
      { ...source, concurrency: 4 },
      { base_url: api.url, rate_limit: { requests: 5, per_seconds: 10 } },
    );
    const start = clock.now().getTime();
    await extract(request);
    const seconds = (clock.now().getTime() - start) / 1_000;
    expect(seconds).toBe(Math.floor((api.seen.length - 1) / 5) * 10);
  });
});
