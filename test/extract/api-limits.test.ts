import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi, VirtualClock } from './extract-setup.ts';

const source = { source_type: 'api', endpoint: 'rows', pagination: { type: 'page_number' } };

/** An API of so many pages, and when each was asked for. */
async function pagedApi(pages: number, clock: VirtualClock) {
  const times: number[] = [];
  const api = await startApi(({ url }, response) => {
    times.push(clock.now().getTime());
    const page = Number(url.searchParams.get('page'));
    sendJson(response, page > pages ? [] : [{ id: page }]);
  });
  return { api, times };
}

/** The most requests that any interval of this length saw. */
function busiest(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));
}

describe('limits of requests', () => {
  it('hold together: so many a second, and so many an hour', async () => {
    const clock = new VirtualClock();
    const { api, times } = await pagedApi(24, clock);
    const rate_limit = [
      { requests: 5, per_seconds: 1 },
      { requests: 12, per_seconds: 3_600 },
    ];
    const { request } = setup(source, { base_url: api.url, rate_limit }, { clock });
    await extract(request);
    expect(times).toHaveLength(25);
    expect([busiest(times, 1_000), busiest(times, 3_600_000)]).toEqual([5, 12]);
  });

  it('are shared by pipelines of one origin, at once and one after the other', async () => {
    const clock = new VirtualClock();
    const { api, times } = await pagedApi(4, clock);
    const rate_limit = { requests: 3, per_seconds: 1 };
    const run = async (name: string) => {
      const { request } = setup(source, { base_url: api.url, rate_limit }, { clock, prefix: `runs/${name}` });
      await extract(request);
    };
    await Promise.all([run('a'), run('b')]);
    await run('c');
    // Fifteen requests, three a second: the last three begin four seconds later.
    expect(times).toHaveLength(15);
    expect(clock.now().getTime() - Date.parse('2026-11-01T00:00:00Z')).toBe(4_000);
  });

  it('of one origin are not those of another', async () => {
    const clock = new VirtualClock();
    const first = await pagedApi(2, clock);
    const second = await pagedApi(2, clock);
    const rate_limit = { requests: 3, per_seconds: 60 };
    for (const { api } of [first, second]) {
      const { request } = setup(source, { base_url: api.url, rate_limit }, { clock });
      await extract(request);
    }
    expect(clock.slept).toEqual([]);
  });
});

describe('a body that says when', () => {
  it.each([
    [429, { error: { retry_after: 7 } }, { path: '$.error.retry_after' }, 7_000],
    [403, { reset: '2026-11-01T00:00:09Z' }, { path: '$.reset', format: 'iso8601' }, 9_000],
    [503, { wait: '2500' }, { path: 'wait', format: 'milliseconds' }, 2_500],
    [429, { other: 1 }, { path: '$.error.retry_after' }, 1_000],
  ])('with status %i is obeyed: %j', async (status, body, place, wait) => {
    const api = await startApi((_, response, count) =>
      count === 1 ? sendJson(response, body, {}, status) : sendJson(response, [{ id: 1 }]),
    );
    const { clock, request } = setup(
      { source_type: 'api', endpoint: 'rows' },
      { base_url: api.url, retry: { reset_paths: [place] } },
    );
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
    expect(clock.slept).toEqual([wait]);
  });

  it('on a 403 that says nothing of it is an error', async () => {
    const api = await startApi((_, response) => sendJson(response, { error: 'no' }, {}, 403));
    const settings = { base_url: api.url, retry: { reset_paths: [{ path: '$.retry_after' }] } };
    const { request } = setup({ source_type: 'api', endpoint: 'rows' }, settings);
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_status', status: 403 });
    expect(api.seen).toHaveLength(1);
  });
});
