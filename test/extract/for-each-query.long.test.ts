import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { sendJson, startApi } from './extract-setup.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  await space.etl('dsql', 'status');
});

afterAll(async () => {
  await space.remove();
});

/** An API that answers with what it was asked, and a run of a pipeline over it. */
async function run(pipeline: string) {
  const api = await startApi(({ url }, response) =>
    sendJson(
      response,
      (url.searchParams.get('ids') ?? decodeURIComponent(url.pathname.slice(4))).split(',').map((id) => ({ id })),
    ),
  );
  space.write(
    'etl.yaml',
    `data_source: { base_url: ${api.url} }\npipelines: { p: { source_type: api, load_mode: upsert, key_columns: [id], target_table: found, ${pipeline} } }\n`,
  );
  const result = await space.etl('run', '--target', 'local', '--json');
  return { ...result, asked: api.seen.map(({ url }) => `${url.pathname}${url.search}`) };
}

describe('requests for each row of a query of the local DSQL', () => {
  it('take many rows in batches, each once', async () => {
    await space.sql('CREATE TABLE customers (id bigint PRIMARY KEY, active boolean)');
    for (let from = 0; from < 6_000; from += 2_000) {
      await space.sql(`INSERT INTO customers SELECT g, g % 2 = 0 FROM generate_series(${from + 1}, ${from + 2_000}) g`);
    }
    const many = await run(
      'endpoint: of, params: { ids: "{batch.id:500}" }, for_each: { query: "SELECT id FROM customers WHERE active ORDER BY id" }',
    );
    expect(many, many.stderr).toMatchObject({ status: 0 });
    expect(many.asked).toHaveLength(6);
    expect(await space.sql('SELECT count(*) AS n, count(DISTINCT id) AS ids FROM found')).toMatchObject([
      { n: '3000', ids: '3000' },
    ]);
  });

  it('send every type as the table has it, and the same value once', async () => {
    await space.sql('DROP TABLE IF EXISTS found');
    const types = [
      ['bigint', '9007199254740993', '9007199254740993'],
      ['numeric(20,4)', '12345678901234.5000', '12345678901234.5000'],
      ['text', 'a/b', 'a%2Fb'],
      ['uuid', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '6f9619ff-8b86-d011-b42d-00c04fc964ff'],
      ['boolean', 'true', 'true'],
      ['date', '2026-01-31', '2026-01-31'],
      ['timestamptz', '2026-01-31 12:00:00.123456+00', '2026-01-31T12%3A00%3A00.123456Z'],
      ['timestamp', '2026-01-31 12:00:00', '2026-01-31T12%3A00%3A00'],
      ['double precision', '0.1', '0.1'],
    ] as const;
    for (const [type, value, sent] of types) {
      const one = await run(
        `endpoint: "of/{parent.v}", for_each: { query: "SELECT '${value}'::${type} AS v FROM generate_series(1, 2)" }`,
      );
      expect(one, one.stderr).toMatchObject({ status: 0 });
      expect([type, ...one.asked]).toEqual([type, `/of/${sent}`]);
    }
  });

  it('of no rows are a success without rows', async () => {
    const none = await run('endpoint: "of/{parent.id}", for_each: { query: "SELECT id FROM customers WHERE id < 0" }');
    expect(none, none.stderr).toMatchObject({ status: 0, asked: [] });
  });

  it.each([
    ['SELECT NULL::text AS id', 'id'],
    ['SELECT 7 AS other', 'id'],
    [`SELECT '[1]'::jsonb AS id`, 'id'],
    ['SELECT id FROM nowhere', 'nowhere'],
    ['SELECT id FROM customers WHERE', 'syntax error'],
    ['WITH gone AS (DELETE FROM customers RETURNING id) SELECT id FROM gone', 'read-only'],
    ['SELECT 1 AS id; DELETE FROM customers', 'for_each.query'],
    ['SELECT 1 AS id; COMMIT; DELETE FROM customers', 'for_each.query'],
  ])('fail and say why: %s', async (query, says) => {
    const failed = await run(`endpoint: "of/{parent.id}", for_each: { query: "${query}" }`);
    expect(failed.status).not.toBe(0);
    expect(failed.asked).toEqual([]);
    expect(`${failed.stdout}${failed.stderr}`).toContain(says);
    expect(await space.sql('SELECT count(*) AS n FROM customers')).toMatchObject([{ n: '6000' }]);
  });
});
