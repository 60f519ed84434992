import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import type { ExtractRequest } from '../../lib/extract/request.ts';
import { type Respond, readRows, sendJson, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Gives back the place that was asked for, twice. */
const echo: Respond = ({ url }, response) => {
  const of = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  sendJson(response, [
    { of, n: 1 },
    { of, n: 2 },
  ]);
};

async function outcomeOf(settings: Loose, answer: Respond, more: Partial<ExtractRequest> = {}, files: Loose = {}) {
  const api = await startApi(answer);
  const made = setup({ source_type: 'api', endpoint: 'rows', ...settings }, { base_url: api.url }, more);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(made.folder, name), content as Buffer);
  }
  const manifest = await extract(made.request);
  return { rows: await readRows(made.request, manifest), manifest, seen: api.seen };
}

const twice = (names: readonly string[]): readonly Loose[] =>
  names.flatMap((of) => [
    { of, n: 1 },
    { of, n: 2 },
  ]);

describe('requests for each', () => {
  it('value of a list, and object of one', async () => {
    const list = await outcomeOf({ endpoint: 'of/{parent.value}', for_each: ['a', 'b c', 7, 'a'] }, echo);
    expect(list.rows).toEqual(twice(['a', 'b c', '7']));
    const objects = await outcomeOf(
      {
        endpoint: 'of/{parent.code}',
        params: { region: '{parent.region}' },
        for_each: {
          values: [
            { code: 'x', region: 'eu' },
            { code: 'y', region: 'us' },
          ],
          include: { region: 'region' },
        },
      },
      echo,
    );
    expect(objects.rows[0]).toEqual({ region: 'eu', of: 'x', n: 1 });
    expect(objects.seen.map(({ url }) => url.pathname + url.search)).toEqual(['/of/x?region=eu', '/of/y?region=us']);
  });

  it.each<readonly [string, string | Buffer]>([
    ['ids.csv', 'name,id\n"one, two",a\nthree,b\n'],
    ['ids.tsv', '\ufeffid\tname\r\na\tx\r\nb\ty\r\n'],
    ['ids.csv.gz', gzipSync('id\na\nb\na\n')],
    ['ids.json', '[{"id": "a"}, {"id": "b"}]'],
    ['ids.ndjson', '{"id": "a"}\n{"id": "b"}\n'],
  ])('value of a column of %s', async (file, content) => {
    const { rows } = await outcomeOf(
      { endpoint: 'of/{parent.id}', for_each: { file, column: 'id' } },
      echo,
      {},
      { [file]: Buffer.from(content) },
    );
    expect(rows).toEqual(twice(['a', 'b']));
  });

  it('row of a query of the target', async () => {
    const asked: string[] = [];
    const queryTarget = async (text: string) => {
      asked.push(text);
      return ['{"id":"a"}', '{"id":"9007199254740993"}'];
    };
    const settings = { endpoint: 'of/{parent.id}', for_each: { query: 'SELECT id FROM customers' } };
    expect((await outcomeOf(settings, echo, { queryTarget })).rows).toEqual(twice(['a', '9007199254740993']));
    expect(asked).toEqual(['SELECT id FROM customers']);
    await expect(outcomeOf(settings, echo)).rejects.toMatchObject({ code: 'for_each_query' });
    const empty = outcomeOf(settings, echo, { queryTarget: async () => ['{"id":null}'] });
    await expect(empty).rejects.toMatchObject({ code: 'parent_field_missing' });
  });

  it('batch of values, in a parameter and as a list in a body', async () => {
    const values = Array.from({ length: 7 }, (_, index) => index + 1);
    const query = await outcomeOf({ params: { ids: '{batch:3}' }, for_each: values }, ({ url }, response) =>
      sendJson(
        response,
        (url.searchParams.get('ids') ?? '').split(',').map((id) => ({ id })),
      ),
    );
    expect(query.rows).toEqual(values.map((id) => ({ id: String(id) })));
    expect(query.seen.map(({ url }) => url.search)).toEqual(['?ids=1%2C2%2C3', '?ids=4%2C5%2C6', '?ids=7']);
    const body = await outcomeOf(
      {
        method: 'POST',
        body: { ids: '{batch.sku:4}', text: 'in ({batch.sku:4})' },
        for_each: { values: values.map((id) => ({ sku: `s${id}` })) },
      },
      (request, response) => sendJson(response, [JSON.parse(request.body)]),
    );
    expect(body.rows).toEqual([
      { ids: ['s1', 's2', 's3', 's4'], text: 'in (s1,s2,s3,s4)' },
      { ids: ['s5', 's6', 's7'], text: 'in (s5,s6,s7)' },
    ]);
  });
});

/** Organisations with teams with members, two a page; the list of teams is asked for by POST. */
const organisation: Respond = ({ body, method, url }, response) => {
  const [, orgs, org, teams, team] = url.pathname.split('/');
  const page = Number(url.searchParams.get('page') ?? 1);
  const dealt = (all: readonly Loose[]): void => {
    const results = all.slice((page - 1) * 2, page * 2);
    sendJson(response, { results, pages: Math.ceil(all.length / 2) });
  };
  if (orgs !== 'orgs') return sendJson(response, {}, {}, 404);
  if (org === undefined) return dealt([{ id: 'a' }, { id: 'b' }, { id: 'none' }]);
  if (org === 'none') return sendJson(response, {}, {}, 404);
  if (teams === 'teams' && team === undefined) {
    expect(method).toBe('POST');
    expect(JSON.parse(body)).toEqual({ of: org });
    return dealt([1, 2, 3].map((id) => ({ id, name: `${org}${id}` })));
  }
  dealt([1, 2, 3].map((id) => ({ id: `${org}-${team}-${id}` })));
};

const paged = { pagination: { type: 'page_number', total_pages_path: '$.pages' } };
const nested = {
  source_type: 'api',
  endpoint: 'orgs/{parent.parent.id}/teams/{parent.id}/members',
  ...paged,
  for_each: {
    endpoint: 'orgs/{parent.id}/teams',
    method: 'POST',
    body: { of: '{parent.id}' },
    ...paged,
    include: { org: 'parent.id', team: 'name' },
    for_each: { endpoint: 'orgs', ...paged, no_rows_statuses: [404] },
  },
};
const members = ['a', 'b'].flatMap((org) =>
  [1, 2, 3].flatMap((team) => [1, 2, 3].map((id) => ({ org, team: `${org}${team}`, id: `${org}-${team}-${id}` }))),
);

describe('endpoints below endpoints', () => {
  it('are listed level by level, each with its pages, and rows get fields of every level', async () => {
    const { rows } = await outcomeOf(nested, organisation);
    expect(rows).toEqual(members);
  });

  it('go on after each deadline', async () => {
    const api = await startApi(organisation);
    const { clock, request } = setup(nested, { base_url: api.url });
    let complete = false;
    for (let call = 0; call < 200 && !complete; call += 1) {
      const deadline = new Date(clock.now().getTime() + 1);
      const onProgress = (): void => clock.pass(10);
      ({ complete } = await extract({ ...request, deadline, onProgress }));
    }
    expect(complete).toBe(true);
    expect(await readRows(request, await extract(request))).toEqual(members);
  });

  it('have a watermark each, and a partition that appears later is read from its beginning', async () => {
    const day: Respond = ({ url }, response) => {
      const since = url.searchParams.get('since') ?? '';
      const of = url.pathname.split('/').at(-1);
      const rows = ['2026-01-01', '2026-02-01'].map((at) => ({ id: `${of} ${at}`, at }));
      sendJson(
        response,
        rows.filter(({ at }) => at >= since),
      );
    };
    const settings = {
      endpoint: 'of/{parent.value}',
      incremental: { cursor_column: 'at', start_param: 'since' },
    };
    const first = await outcomeOf({ ...settings, for_each: ['a'] }, day);
    expect(first.rows).toHaveLength(2);
    const second = await outcomeOf({ ...settings, for_each: ['a', 'b'] }, day, { watermark: first.manifest.watermark });
    expect(second.rows.map(({ id }) => id)).toEqual(['b 2026-01-01', 'b 2026-02-01']);
    expect(Object.keys(second.manifest.watermark?.parents ?? {})).toHaveLength(2);
    const third = await outcomeOf({ ...settings, for_each: ['a', 'b'] }, day, { watermark: second.manifest.watermark });
    expect(third.rows).toEqual([]);
  });
});
