import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientConfig, type LocalServer, outcome, startLocalServer } from '../local-server.ts';

let server: LocalServer;
let a: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  a = await server.connect();
  await a.query('CREATE SCHEMA shop');
  await a.query('CREATE TABLE shop.item (id int PRIMARY KEY, v text)');
});

afterAll(async () => {
  await server.close();
});

async function connect(extra: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ ...(await clientConfig(server.hold, server.stateDir)), ...extra });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function one(client: pg.Client, sql: string): Promise<unknown> {
  return Object.values((await client.query(sql)).rows[0])[0];
}

describe('settings in the start-up message', () => {
  test('options are honoured in both spellings', async () => {
    const client = await connect({ options: '-c search_path=shop,public --enable-seqscan=off -cextra_float_digits=2' });
    expect(await one(client, 'SHOW search_path')).toBe('shop,public');
    expect(await one(client, 'SHOW enable_seqscan')).toBe('off');
    expect(await one(client, 'SHOW extra_float_digits')).toBe('2');
    expect((await client.query('SELECT * FROM item')).rows).toEqual([]);
    await client.end();
  });

  test('a setting that DSQL does not take is refused, named itself or within options', async () => {
    const refused = '0A000 setting configuration parameter "statement_timeout" not supported';
    expect(await outcome(connect({ options: '-c statement_timeout=5' }))).toBe(refused);
    expect(await outcome(connect({ statement_timeout: 5_000 }))).toBe(refused);
  });

  test('a value that is none is told to the client', async () => {
    const client = await connect({ options: '-c search_path=shop -c timezone=Nowhere' });
    expect(await outcome(client.query('SELECT 1'))).toMatch(/^22023 invalid value for parameter "timezone"/i);
  });
});

describe('settings in a session', () => {
  test.each([
    "SET search_path = 'shop'",
    'SET enable_mergejoin = off',
    'SET dsql.enable_batched_nestloop = off',
    'SET disable_sync_create_index = off',
    'SET LOCAL extra_float_digits = 1',
    "SELECT set_config('search_path', 'shop', false)",
    "SELECT pg_catalog.set_config('disable_sync_create_index', 'on', false)",
  ])('%s is taken', async (sql) => {
    expect(await outcome(a.query(sql))).toBe('ok');
    await a.query('RESET ALL');
  });

  test.each([
    ['SET work_mem = 5', 'work_mem'],
    ["SELECT set_config('work_mem', '5MB', false)", 'work_mem'],
    ["SELECT set_config(name, '5MB', false) FROM pg_settings WHERE name = 'work_mem'", 'work_mem'],
    ['RESET statement_timeout', 'statement_timeout'],
  ])('%s is refused', async (sql, name) => {
    expect(await outcome(a.query(sql))).toBe(`0A000 setting configuration parameter "${name}" not supported`);
  });

  test('disable_sync_create_index = off lets CREATE INDEX build at once on an empty table, and on no other', async () => {
    const refused = '0A000 unsupported mode. please use CREATE INDEX ASYNC.';
    const sql = 'CREATE INDEX item_v ON shop.item (v)';
    expect(await one(a, 'SHOW disable_sync_create_index')).toBe('on');
    expect(await outcome(a.query(sql))).toBe(refused);
    await a.query('SET disable_sync_create_index = off');
    expect(await one(a, 'SHOW disable_sync_create_index')).toBe('off');
    expect(await one(a, "SELECT current_setting('disable_sync_create_index')")).toBe('off');
    await a.query("INSERT INTO shop.item VALUES (1, 'x')");
    expect(await outcome(a.query(sql))).toBe(refused);
    await a.query('DELETE FROM shop.item');
    const { command, rows } = await a.query(sql);
    expect([command, rows]).toEqual(['CREATE', []]);
    expect(await one(a, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop.item_v'::regclass")).toBe(true);
    await a.query('SET disable_sync_create_index = on');
    expect(await outcome(a.query('CREATE INDEX ON shop.item (v)'))).toBe(refused);
  });
});

describe('what the guard adds to PostgreSQL does not show', () => {
  test('in schemas, roles, tables, routines and types', async () => {
    const all = async (sql: string) => (await a.query({ text: sql, rowMode: 'array' })).rows.flat();
    expect(await all("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1")).toEqual([
      'information_schema',
      'public',
      'shop',
      'sys',
    ]);
    expect(await all("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")).toEqual(['admin']);
    expect(await all('SELECT usename FROM pg_user')).toEqual(['admin']);
    expect(await all("SELECT tablename FROM pg_tables WHERE tablename ~ 'dsql'")).toEqual([]);
    expect(await all("SELECT indexname FROM pg_indexes WHERE indexname ~ 'dsql'")).toEqual([]);
    expect(await all('SELECT DISTINCT table_schema::text FROM information_schema.tables ORDER BY 1')).not.toContain(
      'dsql_local',
    );
    expect(
      await all(
        "SELECT routine_schema || '.' || routine_name FROM information_schema.routines WHERE routine_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
      ),
    ).toEqual(['sys.current_session_id', 'sys.wait_for_job']);
  });

  test('in the context of errors and notices', async () => {
    const seen: unknown[] = [];
    a.on('notice', (notice) => seen.push(notice.where));
    await a.query('CREATE INDEX ASYNC IF NOT EXISTS item_v ON shop.item (v)');
    expect(seen).toEqual([undefined]);
    for (const sql of [
      'CREATE INDEX ASYNC ON shop.item (nothing)',
      'CREATE INDEX ON shop.item (v)',
      "SELECT set_config('work_mem', '5MB', false)",
      "CALL sys.wait_for_job('nothing')",
      "AWS IAM GRANT nobody TO 'arn:aws:iam::1:role/x'",
    ]) {
      const error: unknown = await a.query(sql).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: expect.any(String), where: undefined, internalQuery: undefined });
    }
  });
});

test('indexes are of the method btree_index, and a primary key includes the other columns', async () => {
  await a.query('CREATE TABLE shop.sale (id int PRIMARY KEY, item int, "When" date)');
  expect(await one(a, "SELECT pg_get_indexdef('shop.sale_pkey'::regclass)")).toBe(
    'CREATE UNIQUE INDEX sale_pkey ON shop.sale USING btree_index (id) INCLUDE (item, "When")',
  );
  expect(await one(a, "SELECT pg_get_indexdef('shop.sale_pkey'::regclass, 1, false)")).toBe('id');
  expect(await one(a, "SELECT indexdef FROM pg_indexes WHERE indexname = 'item_v'")).toBe(
    'CREATE INDEX item_v ON shop.item USING btree_index (v)',
  );
});
