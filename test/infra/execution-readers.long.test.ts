import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { lambdaNode } from '../support/aws/lambda-node.ts';
import { allows, grantsOf } from '../support/aws/permissions.ts';
import { serve, type TestServer } from '../support/http-server.ts';

const node = lambdaNode();
const day = 86_400_000;
const now = Date.now();
const start = new Date(now - 12 * day).toISOString().replace(/\.\d+/, '');
/** Rows of the last twelve days, two each day. */
const events = Array.from({ length: 24 }, (_, index) => ({
  id: index + 1,
  at: new Date(now - 12 * day + (index + 0.5) * (day / 2)).toISOString(),
}));

/** Readers that take longer than a call of extract may, by the synthesized machine and the bundled functions. */
function testReaders(file: string): void {
  let api: TestServer;
  let service: Deployment;
  const asked: string[] = [];
  let jobAt = 0;

  /** Each response takes 1.2 s, but for what only lists. */
  const answer = (url: URL): { readonly body: unknown; readonly slow: boolean; readonly status?: number } => {
    const { pathname, searchParams } = url;
    if (pathname === '/customers')
      return { body: Array.from({ length: 10 }, (_, id) => ({ id: id + 1 })), slow: false };
    if (pathname.startsWith('/of/')) return { body: [{ id: decodeURIComponent(pathname.slice(4)) }], slow: true };
    if (pathname === '/events') {
      const [since = '', until = ''] = ['since', 'until'].map((name) => searchParams.get(name) ?? '');
      return { body: events.filter(({ at }) => at >= since && at < until), slow: true };
    }
    if (pathname === '/jobs') {
      jobAt = Date.now();
      return { body: { job: { id: 'j1' } }, slow: false, status: 202 };
    }
    if (pathname === '/jobs/j1')
      return { body: { state: Date.now() - jobAt < 11_000 ? 'running' : 'done' }, slow: false };
    const page = Number(searchParams.get('page') ?? 1);
    const next = page < 8 ? `/jobs/j1/rows?page=${page + 1}` : null;
    return { body: { results: [{ id: page }], next }, slow: true };
  };

  beforeAll(async () => {
    api = await serve((request, response) => {
      const url = new URL(request.url ?? '/', 'http://api');
      asked.push(`${request.method} ${url.pathname}${url.search}`);
      const { body, slow, status = 200 } = answer(url);
      setTimeout(
        () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
        slow ? 1_200 : 0,
      );
    });
    service = await deploy({
      node: file,
      config: `data_source: { base_url: ${api.url}, concurrency: 1 }
pipelines:
  customers: { source_type: api, endpoint: customers, target_table: customers, key_columns: [id] }
  by_query:
    source_type: api
    endpoint: of/{parent.id}
    for_each: { query: SELECT id FROM customers ORDER BY id }
    target_table: by_query
  by_role:
    source_type: api
    endpoint: of/{parent.id}
    for_each: { query: SELECT current_user AS id }
    target_table: by_role
  by_others:
    source_type: api
    endpoint: of/{parent.id}
    for_each: { query: SELECT id FROM of_others }
    target_table: by_others
  windows:
    source_type: api
    endpoint: events
    load_mode: upsert
    key_columns: [id]
    incremental: { cursor_column: at, initial_value: "${start}", start_param: since, end_param: until, window: 1 day }
    target_table: windows
  job:
    source_type: api
    endpoint: jobs
    method: POST
    body: { of: rows }
    async: { status_endpoint: "jobs/{job.$.job.id}", status_path: $.state, done_values: [done], result_endpoint: "jobs/{job.$.job.id}/rows", poll_seconds: 2 }
    target_table: job
deploy:
  architecture: x86_64
  extract: { timeout_seconds: 10 }
`,
    });
    expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
  }, 240_000);

  afterAll(async () => {
    await service?.close();
    await api?.close();
  });

  /** Executes a pipeline: what the API was asked meanwhile, and how often extract was called. */
  async function execute(pipeline: string) {
    asked.length = 0;
    const before = service.hosts.extract?.invocations ?? 0;
    const outcome = await service.execute({ pipeline });
    return { outcome, asked: [...asked], calls: (service.hosts.extract?.invocations ?? 0) - before };
  }

  const ids = async (table: string): Promise<unknown> =>
    (await service.target.sql.unsafe(`SELECT id::text AS id FROM ${table} ORDER BY length(id::text), id::text`)).map(
      (row) => (row as { readonly id: string }).id,
    );
  const upTo = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => String(index + 1));

  describe('extract, paused at its deadline', () => {
    it('makes a request for each row of a query of the target, each once over several calls', async () => {
      expect((await execute('customers')).outcome).toMatchObject({ status: 'SUCCEEDED' });
      const { asked: requests, calls, outcome } = await execute('by_query');
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(calls).toBeGreaterThanOrEqual(2);
      expect(requests).toEqual(upTo(10).map((id) => `GET /of/${id}`));
      expect(await ids('by_query')).toEqual(upTo(10));
    }, 120_000);

    it('reads time slice by slice, each once over several calls', async () => {
      const { asked: requests, calls, outcome } = await execute('windows');
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(calls).toBeGreaterThanOrEqual(2);
      // A request under way when a call ends is made again by the next one.
      expect(requests.length - new Set(requests).size).toBeLessThan(calls);
      expect(requests.length).toBeGreaterThanOrEqual(12);
      expect(await ids('windows')).toEqual(upTo(24));
    }, 120_000);

    it('starts a job once, asks about it in several calls, and reads each page of its result once', async () => {
      const { asked: requests, calls, outcome } = await execute('job');
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(calls).toBeGreaterThanOrEqual(3);
      expect(requests.filter((one) => one === 'POST /jobs')).toHaveLength(1);
      expect(requests.filter((one) => one === 'GET /jobs/j1').length).toBeGreaterThanOrEqual(4);
      expect(requests.filter((one) => one.startsWith('GET /jobs/j1/rows'))).toHaveLength(8);
      expect(await ids('job')).toEqual(upTo(8));
    }, 120_000);
  });

  describe('a query of the target', () => {
    it("runs as the service's role, which may read what the service loads and nothing else", async () => {
      expect((await execute('by_role')).asked).toEqual(['GET /of/dsql_etl']);
      await service.target.sql`CREATE TABLE of_others (id text PRIMARY KEY)`;
      await service.target.sql`INSERT INTO of_others VALUES ('a')`;
      const refused = await execute('by_others');
      expect(refused).toMatchObject({ asked: [], outcome: { status: 'FAILED' } });
      expect(refused.outcome.cause).toMatch(
        /for_each\.query was refused to role dsql_etl: permission denied for table of_others.*GRANT SELECT/,
      );
      await service.target.sql`GRANT SELECT ON of_others TO dsql_etl`;
      expect(await execute('by_others')).toMatchObject({ asked: ['GET /of/a'], outcome: { status: 'SUCCEEDED' } });
    }, 120_000);

    it('needs no call of AWS that extract is not granted, and no connection as admin', () => {
      const extract = service.functions.extract?.roleId;
      const grants = grantsOf(service.assembly).filter(({ role }) => role === extract);
      const calls = service.calls.filter(({ principal }) => principal === 'extract');
      expect(calls.length).toBeGreaterThan(20);
      expect(calls.filter((call) => !grants.some((grant) => allows(grant, call)))).toEqual([]);
      const actions = [...new Set(grants.map(({ action }) => action))];
      expect(actions.filter((action) => action.startsWith('dsql:'))).toEqual(['dsql:DbConnect']);
    });
  });
}

if ('file' in node) testReaders(node.file);
else it.skip(`runs on the Node of Lambda, which is not here: ${node.missing}`);
