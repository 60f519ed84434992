import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { type Respond, readRows, sendJson, setup, startApi } from './extract-setup.ts';
import { killAtEachRequest } from './kill-everywhere.ts';

type Loose = Readonly<Record<string, unknown>>;

async function outcomeOf(settings: Loose, answer: Respond) {
  const api = await startApi(answer);
  const { clock, request } = setup({ source_type: 'api', endpoint: 'rows', ...settings }, { base_url: api.url });
  try {
    const manifest = await extract(request);
    const { warnings = [] } = manifest;
    return { rows: await readRows(request, manifest), warnings, seen: api.seen, slept: clock.slept, thrown: undefined };
  } catch (thrown) {
    return { rows: [], warnings: [], seen: api.seen, slept: clock.slept, thrown };
  }
}

const always =
  (body: unknown, status = 200): Respond =>
  (_request, response) =>
    sendJson(response, body, { 'x-state': 'ok' }, status);
const results = [{ id: 1 }];

describe('what the configuration says of success', () => {
  it.each([
    [{ success_when: '$.ok == true' }, { ok: false, msg: 'no' }, 'success_when $.ok == true'],
    [{ success_when: '$.ok == true' }, { results }, 'success_when $.ok == true'],
    [{ success_when: ['$.ok', '$.code == 0'] }, { ok: 1, code: 7, results }, 'success_when $.code == 0'],
    [{ success_when: '@.headers["x-state"] == "fine"' }, { results }, 'success_when @.headers'],
    [{ error_when: '$.problems' }, { problems: ['a'], results }, 'error_when $.problems'],
    [{ error_when: '$.code != 0' }, { code: 3, results }, 'error_when $.code != 0'],
    [{ error_when: '$.meta.list[1] == "x" && @.status < 300' }, { meta: { list: [0, 'x'] }, results }, 'error_when'],
    [{ error_when: 'length($.text) > 3' }, { text: 'long', results }, 'error_when length'],
  ])('makes an error of a response by %j', async (rules, body, by) => {
    const { thrown } = await outcomeOf({ ...rules, on_incomplete: 'warn' }, always(body));
    expect(thrown).toMatchObject({ code: 'api_error_response', message: expect.stringContaining(`says by ${by}`) });
  });

  it.each([
    [{ success_when: '$.ok == true' }, { ok: true, errors: [{ message: 'of another' }], results }],
    [{ error_when: '$.problems' }, { problems: [], results }],
    [{ error_when: '$.code != 0' }, { code: 0, results }],
  ])('takes a response for good by %j', async (rules, body) => {
    expect(await outcomeOf(rules, always(body))).toMatchObject({ rows: results, warnings: [], thrown: undefined });
  });

  it('says what the API says at the place of its message', async () => {
    const settings = { error_when: '$.code != 0', error_message_path: '$.detail.text' };
    const { thrown } = await outcomeOf(settings, always({ code: 3, detail: { text: 'quota is used up' } }));
    expect(thrown).toMatchObject({ message: expect.stringContaining('that it is an error: "quota is used up"') });
  });

  it('repeats a request after further statuses, and takes others for no rows', async () => {
    const busy = await outcomeOf({ retry: { statuses: [423] } }, (_request, response, count) =>
      count < 3 ? sendJson(response, {}, {}, 423) : sendJson(response, results),
    );
    expect(busy).toMatchObject({ rows: results, slept: [1_000, 2_000] });
    expect(await outcomeOf({ no_rows_statuses: [404] }, always({ no: 1 }, 404))).toMatchObject({
      rows: [],
      thrown: undefined,
    });
    const later = await outcomeOf(
      { no_rows_statuses: [404], pagination: { type: 'page_number' } },
      (_request, response, count) => (count === 1 ? sendJson(response, results) : sendJson(response, {}, {}, 404)),
    );
    expect(later.thrown).toMatchObject({ code: 'api_status' });
  });

  it('repeats a request whose body says later, as often as after a status that says so', async () => {
    const throttled = { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }] };
    const rules = { retry_when: "$.errors[0].extensions.code == 'THROTTLED'", records_path: '$.data.results' };
    const once = await outcomeOf(rules, (_request, response, count) =>
      sendJson(response, count === 1 ? throttled : { data: { results } }),
    );
    expect(once).toMatchObject({ rows: results, warnings: [], thrown: undefined, slept: [1_000] });
    const forever = await outcomeOf(rules, always(throttled));
    expect(forever.thrown).toMatchObject({
      code: 'api_busy',
      message: expect.stringContaining('answered 200 4 times'),
    });
    const other = await outcomeOf(rules, always({ errors: [{ message: 'no such field' }] }));
    expect(other.thrown).toMatchObject({ code: 'api_error_response' });
    expect(other.seen).toHaveLength(1);
  });

  it('leaves out a parent that may not be read, with a warning, and keeps its watermark', async () => {
    const settings = {
      endpoint: 'of/{parent.id}',
      parent: { endpoint: 'parents', skip_statuses: [403], no_rows_statuses: [404] },
      incremental: { cursor_column: 'id' },
    };
    const answer: Respond = ({ url }, response) => {
      if (url.pathname === '/parents') return sendJson(response, [{ id: 1 }, { id: 2 }, { id: 3 }]);
      const parent = Number(url.pathname.split('/')[2]);
      return parent === 2
        ? sendJson(response, {}, {}, 403)
        : parent === 3
          ? sendJson(response, {}, {}, 404)
          : sendJson(response, results);
    };
    const { rows, warnings } = await outcomeOf(settings, answer);
    expect(rows).toEqual(results);
    expect(warnings).toEqual([expect.stringContaining('skip_statuses')]);
  });
});

/** A job that is done after a number of questions; its result lies in two pages at another address. */
function jobs(polls = 2, end = 'DONE'): () => Respond {
  return () => {
    const asked = new Map<string, number>();
    return ({ method, url }, response) => {
      if (method === 'POST') {
        const id = `j${asked.size + 1}`;
        asked.set(id, 0);
        return sendJson(response, { job: { id }, state: 'queued' }, { location: `/jobs/${id}` }, 202);
      }
      const [, kind, id = ''] = url.pathname.split('/');
      if (kind === 'jobs') {
        const count = (asked.get(id) ?? 0) + 1;
        asked.set(id, count);
        const isDone = count > polls;
        return sendJson(response, {
          state: isDone ? end : 'running',
          message: 'as it is',
          ...(isDone ? { download: `/result/${id}` } : {}),
        });
      }
      const page = Number(url.searchParams.get('locator') ?? 0);
      const ids = [page * 2 + 1, page * 2 + 2].map((row) => ({ id: row }));
      return sendJson(response, { results: ids, next: page < 2 ? page + 1 : null });
    };
  };
}

const job = {
  source_type: 'api',
  endpoint: 'exports',
  method: 'POST',
  body: { of: 'orders' },
  async: {
    status_path: '$.state',
    done_values: ['DONE'],
    failed_values: ['FAILED'],
    result_url_path: '$.download',
    poll_seconds: 7,
    timeout: 60,
  },
  pagination: { type: 'cursor', cursor_param: 'locator', cursor_path: '$.next' },
};
const six = [1, 2, 3, 4, 5, 6].map((id) => ({ id }));

describe('a job', () => {
  it('is started, asked about until it is done, and its result is read with its pages', async () => {
    const { rows, seen, slept } = await outcomeOf(job, jobs()());
    expect(rows).toEqual(six);
    expect(seen.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
      'POST /exports',
      'GET /jobs/j1',
      'GET /jobs/j1',
      'GET /jobs/j1',
      'GET /result/j1',
      'GET /result/j1?locator=1',
      'GET /result/j1?locator=2',
    ]);
    expect(slept).toEqual([7_000, 7_000]);
  });

  it('has its status and result at endpoints made of the first response', async () => {
    const { status_path, done_values } = job.async;
    const endpoints = { status_endpoint: 'jobs/{job.$.job.id}', result_endpoint: 'result/{job.$.job.id}' };
    const { rows } = await outcomeOf({ ...job, async: { status_path, done_values, ...endpoints } }, jobs()());
    expect(rows).toEqual(six);
  });

  it('has pages of its result that are asked for by their URLs, and not as the job was started', async () => {
    const { rows, seen, thrown } = await outcomeOf(
      { ...job, async: { ...job.async, result_url_path: undefined, result_endpoint: 'rows' }, pagination: undefined },
      ({ method, url }, response) => {
        if (url.pathname !== '/rows') return sendJson(response, { state: 'DONE' }, { location: '/jobs/1' }, 202);
        const page = Number(url.searchParams.get('page') ?? 1);
        const next = page < 3 ? `/rows?page=${page + 1}` : null;
        sendJson(response, { results: [{ id: page }], next }, {}, method === 'GET' ? 200 : 405);
      },
    );
    expect(thrown).toBeUndefined();
    expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(seen.slice(1).map(({ body }) => body)).toEqual(['', '', '', '']);
  });

  it('whose status has the rows itself is read there', async () => {
    const { rows } = await outcomeOf(
      {
        ...job,
        pagination: { type: 'none' },
        async: { ...job.async, result_url_path: undefined, done_values: ['ready'] },
      },
      ({ method }, response, count) =>
        method === 'POST'
          ? sendJson(response, {}, { location: '/jobs/1' }, 202)
          : sendJson(response, count < 4 ? { state: 'running' } : { state: 'ready', results: six }),
    );
    expect(rows).toEqual(six);
  });

  it('that fails, or takes too long, is an error, and the next attempt starts another one', async () => {
    const failed = await outcomeOf(job, jobs(1, 'FAILED')());
    expect(failed.thrown).toMatchObject({ code: 'api_job_failed', message: expect.stringContaining('is FAILED') });
    const late = await outcomeOf(job, jobs(99)());
    expect(late.thrown).toMatchObject({ code: 'api_job_timeout' });
    expect(late.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(75_000);
    const lost = await outcomeOf({ ...job, async: { ...job.async, status_path: '$.nothing' } }, jobs()());
    expect(lost.thrown).toMatchObject({
      code: 'api_job_answer',
      message: expect.stringContaining('async.status_path'),
    });

    let broken = true;
    const answer = jobs()();
    const api = await startApi((request, response, count) =>
      broken && request.url.pathname.startsWith('/jobs')
        ? sendJson(response, { state: 'FAILED' })
        : answer(request, response, count),
    );
    const { request } = setup(job, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_job_failed' });
    broken = false;
    expect(await readRows(request, await extract(request))).toEqual(six);
    expect(api.seen.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });

  it('goes on after a deadline, and is not started again', async () => {
    const api = await startApi(jobs(4)());
    const made = setup(job, { base_url: api.url });
    let manifest = await extract({ ...made.request, deadline: new Date(made.clock.now().getTime() + 15_000) });
    for (let call = 0; call < 9 && !manifest.complete; call += 1) {
      manifest = await extract({ ...made.request, deadline: new Date(made.clock.now().getTime() + 15_000) });
    }
    expect(await readRows(made.request, manifest)).toEqual(six);
    expect(api.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('sends no credentials to where its result lies, and none but allowed addresses are asked', async () => {
    const elsewhere = await startApi((_request, response) => sendJson(response, six));
    const settings = { ...job, pagination: { type: 'none' }, auth: { type: 'bearer', token: { env: 'T' } } };
    const answer =
      (download: string): Respond =>
      ({ method }, response) =>
        method === 'POST'
          ? sendJson(response, {}, { location: '/jobs/1' }, 202)
          : sendJson(response, { state: 'DONE', download });
    const { rows } = await outcomeOf(settings, answer(`${elsewhere.url}/file?sig=secret`));
    expect(rows).toEqual(six);
    expect(elsewhere.seen[0]?.headers.authorization).toBeUndefined();
    const inside = await outcomeOf(settings, answer('http://169.254.169.254/latest'));
    expect(inside.thrown).toMatchObject({ code: 'api_address_refused' });
  });

  it('killed at any request gives every row once', async () => {
    expect((await killAtEachRequest(job, jobs())).rows).toEqual(six);
  });
});
