import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readLines, readRows, sendJson, setup, startApi } from './extract-setup.ts';

const source = { source_type: 'api', endpoint: 'users', params: { limit: 1000, format: 'json' } };

describe('the article’s API', () => {
  it('is asked once with the parameters, and its results become rows', async () => {
    const api = await startApi((_request, response) => sendJson(response, { results: [{ id: 1 }, { id: 2 }] }));
    const { request } = setup(source, { base_url: `${api.url}/v1` });
    const manifest = await extract(request);
    expect(manifest.complete).toBe(true);
    expect(await readRows(request, manifest)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(api.seen.map(({ url }) => url.pathname + url.search)).toEqual(['/v1/users?limit=1000&format=json']);
  });

  it('may answer with a bare array', async () => {
    const api = await startApi((_request, response) => sendJson(response, [{ id: 1 }]));
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });

  it('keeps numbers exactly as they were sent', async () => {
    const row = '{"id":12345678901234567890,"price":1.10,"e":1e400,"t":"a\\u0000\\n\\"é","n":{"x":[1.0,-0]}}';
    const api = await startApi((_request, response) => sendJson(response, `{"results":[ ${row},\n${row} ]}`));
    const { request } = setup(source, { base_url: api.url });
    expect(await readLines(request, await extract(request))).toEqual([row, row]);
  });

  it('is asked again after 1, 2 and 4 seconds when it answers 429, then the run fails clearly', async () => {
    const api = await startApi((_request, response) => sendJson(response, { error: 'slow down' }, {}, 429));
    const { clock, request } = setup(source, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({
      name: 'ApiBusyError',
      code: 'api_busy',
      message: expect.stringContaining('answered 429 4 times in a row: {"error":"slow down"}'),
    });
    expect(clock.slept).toEqual([1_000, 2_000, 4_000]);
    expect(api.seen).toHaveLength(4);
  });

  it('goes on when it recovers', async () => {
    const api = await startApi((_request, response, count) =>
      count < 4 ? sendJson(response, '', {}, 429) : sendJson(response, { results: [{ id: 1 }] }),
    );
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
  });
});
