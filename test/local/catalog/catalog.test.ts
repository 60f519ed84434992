import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';

let server: LocalServer;
let a: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  a = await server.connect();
  await a.query('CREATE TABLE item (id int PRIMARY KEY, v text, n int)');
  await a.query("INSERT INTO item SELECT g, 'v' || g % 3, g FROM generate_series(1, 100) AS g");
});

afterAll(async () => {
  await server.close();
});

async function finished(job: string): Promise<{ readonly status: string; readonly details: string | null }> {
  await a.query(`CALL sys.wait_for_job('${job}')`);
  const { rows } = await a.query('SELECT status, details FROM sys.jobs WHERE job_id = $1', [job]);
  return rows[0];
}

describe('CREATE INDEX ASYNC', () => {
  test('answers a job at once, which builds the index in the background', async () => {
    const { rows, command } = await a.query('CREATE INDEX ASYNC item_v ON item (v) INCLUDE (n) WHERE v IS NOT NULL');
    expect(command).toBe('CREATE');
    expect(rows).toEqual([{ job_id: expect.stringMatching(/^[a-z2-7]{26}$/) }]);
    expect(await finished(rows[0].job_id)).toEqual({ status: 'completed', details: null });
    const index = await a.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_v'::regclass");
    expect(index.rows).toEqual([{ indisvalid: true }]);
  });

  test('has its index in pg_index, not valid yet, when it answers, also in a transaction and for several in a row', async () => {
    const valid = async (name: string) =>
      (await a.query('SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)', [name])).rows;
    await a.query('CREATE TABLE fresh (id int PRIMARY KEY, v text, n int)');
    const first = await a.query('CREATE INDEX ASYNC fresh_v ON fresh (v)');
    expect(await valid('fresh_v')).toEqual([{ indisvalid: false }]);
    await finished(first.rows[0].job_id);
    expect(await valid('fresh_v')).toEqual([{ indisvalid: true }]);
    await a.query('BEGIN');
    await a.query('CREATE INDEX ASYNC fresh_n ON fresh (n)');
    await a.query('COMMIT');
    expect(await valid('fresh_n')).toEqual([{ indisvalid: false }]);
    const third = await a.query('CREATE INDEX ASYNC fresh_vn ON fresh (v, n)');
    expect(await valid('fresh_vn')).toEqual([{ indisvalid: false }]);
    await finished(third.rows[0].job_id);
    expect(await valid('fresh_n')).toEqual([{ indisvalid: true }]);
    expect(await valid('fresh_vn')).toEqual([{ indisvalid: true }]);
  });

  test('of a unique index over duplicates leaves a failed job and an invalid index', async () => {
    const { rows } = await a.query('CREATE UNIQUE INDEX ASYNC item_once ON item (v)');
    expect(await finished(rows[0].job_id)).toMatchObject({
      status: 'failed',
      details: expect.stringContaining('item_once'),
    });
    const index = await a.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_once'::regclass");
    expect(index.rows).toEqual([{ indisvalid: false }]);
    expect(await outcome(a.query('ALTER TABLE item ADD CONSTRAINT once UNIQUE USING INDEX item_once'))).toBe(
      '55000 index "item_once" is not valid',
    );
    await a.query('DROP INDEX item_once');
  });

  test('leaves the index invalid until its job is done', async () => {
    const { rows } = await a.query('CREATE UNIQUE INDEX ASYNC item_n ON item (n)');
    expect(await outcome(a.query('ALTER TABLE item ADD CONSTRAINT n_once UNIQUE USING INDEX item_n'))).toBe(
      '55000 index "item_n" is not valid',
    );
    expect(await outcome(a.query('CREATE INDEX ASYNC item_n ON item (id)'))).toBe(
      '42P07 relation "item_n" already exists',
    );
    await finished(rows[0].job_id);
    expect(await outcome(a.query('ALTER TABLE item ADD CONSTRAINT n_once UNIQUE USING INDEX item_n'))).toBe('ok');
    await a.query('CREATE INDEX ASYNC item_soon ON item (v)');
    expect(await outcome(a.query('DROP INDEX item_soon'))).toBe('ok');
  });

  test('finds at once what is wrong with it', async () => {
    expect(await outcome(a.query('CREATE INDEX ASYNC ON item (nothing)'))).toBe(
      '42703 column "nothing" does not exist',
    );
    expect(await outcome(a.query('CREATE INDEX ASYNC ON nowhere (v)'))).toBe('42P01 relation "nowhere" does not exist');
    expect(await outcome(a.query('CREATE INDEX ASYNC item_v ON public.item (n)'))).toBe(
      '42P07 relation "item_v" already exists',
    );
    expect((await a.query('CREATE INDEX ASYNC IF NOT EXISTS item_v ON item (v)')).rows).toEqual([]);
  });

  test('in a transaction that rolls back leaves no job', async () => {
    await a.query('BEGIN');
    const { rows } = await a.query('CREATE INDEX ASYNC item_gone ON item (n)');
    await a.query('ROLLBACK');
    expect((await a.query('SELECT 1 FROM sys.jobs WHERE job_id = $1', [rows[0].job_id])).rows).toEqual([]);
    expect((await a.query("SELECT to_regclass('item_gone') AS index")).rows).toEqual([{ index: null }]);
  });
});

test('ALTER TABLE ASYNC VALIDATE CONSTRAINT validates in the background, or fails there', async () => {
  await a.query('ALTER TABLE item ADD CONSTRAINT small CHECK (n <= 100) NOT VALID');
  await a.query('ALTER TABLE item ADD CONSTRAINT tiny CHECK (n <= 10) NOT VALID');
  const good = await a.query('ALTER TABLE ASYNC item VALIDATE CONSTRAINT small');
  const bad = await a.query('ALTER TABLE ASYNC public.item VALIDATE CONSTRAINT tiny');
  expect(await finished(good.rows[0].job_id)).toMatchObject({ status: 'completed' });
  expect(await finished(bad.rows[0].job_id)).toMatchObject({ status: 'failed' });
  const { rows } = await a.query(
    "SELECT conname, convalidated FROM pg_constraint WHERE conname IN ('small', 'tiny') ORDER BY 1",
  );
  expect(rows).toEqual([
    { conname: 'small', convalidated: true },
    { conname: 'tiny', convalidated: false },
  ]);
});

test('sys.wait_for_job is a procedure that wants a job', async () => {
  expect(await outcome(a.query("SELECT sys.wait_for_job('x'::text)"))).toBe(
    '42809 sys.wait_for_job(text) is a procedure',
  );
  expect(await outcome(a.query("CALL sys.wait_for_job('no-such-job')"))).toBe('22P02 Unable to convert text to UUID');
  expect(await outcome(a.query('CALL sys.other()'))).toBe('0A000 PROCEDURE is not supported');
});

test('a session has an id of its own that stays the same', async () => {
  const b = await server.connect();
  const id = async (client: pg.Client) => (await client.query('SELECT sys.current_session_id() AS id')).rows[0].id;
  const own = await id(a);
  expect(own).toMatch(/^[0-9a-f-]{36}$/);
  expect(await id(a)).toBe(own);
  expect(await id(b)).not.toBe(own);
  await b.end();
});

test('the environment is that of DSQL', async () => {
  const one = async (sql: string) => Object.values((await a.query(sql)).rows[0])[0];
  expect(await one('SHOW server_version')).toBe('16.15');
  expect(await one('SHOW server_version_num')).toBe('160015');
  expect(await one("SELECT current_setting('server_version_num')")).toBe('160015');
  expect(await one('SELECT version()')).toBe('PostgreSQL 16');
  expect(await one('SHOW max_connections')).toBe('20');
  expect(await one('SHOW transaction_isolation')).toBe('repeatable read');
  expect(await one('SHOW timezone')).toBe('UTC');
  expect(await one('SELECT current_database()')).toBe('postgres');
  expect(await one('SELECT datcollate FROM pg_database WHERE datname = current_database()')).toBe('C');
  expect(await outcome(a.query('SHOW lc_collate'))).toBe('42704 unrecognized configuration parameter "lc_collate"');
  expect(await outcome(a.query('SHOW constructor'))).toBe('42704 unrecognized configuration parameter "constructor"');
  expect(await outcome(a.query("SELECT to_tsvector('english', 'x')"))).toBe(
    '42704 text search configuration "english" does not exist',
  );
});

test('numeric columns without precision round as on DSQL', async () => {
  await a.query('CREATE TABLE amount (a numeric, b numeric(20, 8))');
  await a.query('INSERT INTO amount VALUES (1.23456789, 1.23456789)');
  expect((await a.query('SELECT a, b FROM amount')).rows).toEqual([{ a: '1.234568', b: '1.23456789' }]);
});

test('what a cluster takes of triggers and of CREATE SCHEMA with elements is taken', async () => {
  await a.query('CREATE TABLE part (id int PRIMARY KEY, item int REFERENCES item(id))');
  for (const sql of [
    'ALTER TABLE part DISABLE TRIGGER ALL',
    'ALTER TABLE part ENABLE TRIGGER ALL',
    'ALTER TABLE part DISABLE TRIGGER USER',
    'DROP TRIGGER IF EXISTS nothing ON part CASCADE',
    'CREATE SCHEMA nested CREATE SEQUENCE numbers CACHE 1 CREATE TABLE amounts (id int PRIMARY KEY, a numeric) GRANT SELECT ON amounts TO public',
  ]) {
    expect(await outcome(a.query(sql))).toBe('ok');
  }
  await a.query('INSERT INTO nested.amounts VALUES (1, 1.23456789)');
  expect((await a.query('SELECT a FROM nested.amounts')).rows).toEqual([{ a: '1.234568' }]);
  expect(await outcome(a.query('INSERT INTO part VALUES (1, 999999)'))).toMatch(/^23503 /);
});

describe('transactions', () => {
  test('hold one DDL and no DML beside it, GRANT counting as DDL', async () => {
    const play = async (...statements: readonly string[]) => {
      await a.query('BEGIN');
      let result = 'ok';
      for (const statement of statements) if (result === 'ok') result = await outcome(a.query(statement));
      await a.query('ROLLBACK');
      return result;
    };
    const many = '0A000 multiple ddl statements not supported in a transaction';
    const mixed = '0A000 ddl and dml are not supported in the same transaction';
    expect(await play('CREATE TABLE x (id int)', 'CREATE TABLE y (id int)')).toBe(many);
    expect(await play('CREATE TABLE x (id int)', 'GRANT SELECT ON item TO public')).toBe(many);
    expect(await play('CREATE TABLE x (id int)', 'INSERT INTO item VALUES (1000)')).toBe(mixed);
    expect(await play('INSERT INTO item VALUES (1000)', 'CREATE TABLE x (id int)')).toBe(mixed);
    expect(await play('CREATE TABLE x (id int)', 'SELECT 1')).toBe('ok');
  });

  test('fail as a whole: only their end is taken after an error, and COMMIT answers ROLLBACK', async () => {
    await a.query('BEGIN');
    expect(await outcome(a.query('SELECT 1 / 0'))).toBe('22012 division by zero');
    const aborted = '25P02 current transaction is aborted, commands ignored until end of transaction block';
    expect(await outcome(a.query('SELECT 1'))).toBe(aborted);
    expect(await outcome(a.query('TRUNCATE item'))).toBe(aborted);
    expect((await a.query('COMMIT')).command).toBe('ROLLBACK');
    expect(await outcome(a.query('SELECT 1'))).toBe('ok');
  });

  test('of several statements in one query commit together, and answer one by one', async () => {
    const results: unknown = await a.query(
      "INSERT INTO item VALUES (2000, 'x', -1); SELECT v FROM item WHERE id = 2000; DELETE FROM item WHERE id = 2000",
    );
    expect(results).toMatchObject([
      { command: 'INSERT', rowCount: 1 },
      { rows: [{ v: 'x' }] },
      { command: 'DELETE', rowCount: 1 },
    ]);
    expect(await outcome(a.query("INSERT INTO item VALUES (2001, 'x', -2); SELECT 1 / 0"))).toBe(
      '22012 division by zero',
    );
    expect((await a.query('SELECT 1 FROM item WHERE id = 2001')).rows).toEqual([]);
    expect(await outcome(a.query("BEGIN; INSERT INTO item VALUES (2002, 'x', -3); COMMIT; SELECT 1"))).toBe('ok');
    expect((await a.query('SELECT 1 FROM item WHERE id = 2002')).rows).toHaveLength(1);
  });
});
