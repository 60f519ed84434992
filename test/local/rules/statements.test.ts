import { beforeAll, describe, expect, test } from 'vitest';
import { loadParser, parseStatements } from '../../../lib/local/sql/statement.ts';

beforeAll(async () => {
  await loadParser();
});

/** `SQLSTATE message` of a text's first refusal, or `ok`. */
function judged(sql: string): string {
  const refused = parseStatements(sql).find((statement) => statement.refusal !== undefined)?.refusal;
  return refused === undefined ? 'ok' : `${refused.sqlstate} ${refused.message}`;
}

describe('statements that are refused by name', () => {
  test.each([
    ['TRUNCATE t', 'Truncate'],
    ['CREATE EXTENSION x', 'CreateExtension'],
    ['CREATE DATABASE x', 'Createdb'],
    ['CREATE TABLE x AS SELECT 1', 'CreateTableAs'],
    ['CREATE MATERIALIZED VIEW x AS SELECT 1', 'CreateTableAs'],
    ['SELECT 1 INTO x', 'CreateTableAs'],
    ['CREATE TYPE x AS (a int)', 'CompositeType'],
    ['CREATE TYPE x AS RANGE (subtype = int4)', 'CreateRange'],
    ["CREATE TABLESPACE x LOCATION '/x'", 'CreateTableSpace'],
    ['CREATE FOREIGN TABLE x (a int) SERVER s', 'CreateForeignTable'],
    ['LISTEN x', 'Listen'],
    ['NOTIFY x', 'Notify'],
    ['UNLISTEN x', 'Unlisten'],
    ["ALTER SYSTEM SET work_mem = '4MB'", 'AlterSystem'],
    ['LOCK TABLE t', 'Lock'],
    ['PREPARE p AS SELECT 1', 'Prepare'],
    ['EXECUTE p', 'Execute'],
    ['DEALLOCATE p', 'Deallocate'],
    ['DISCARD ALL', 'Discard'],
    ['DECLARE c CURSOR FOR SELECT 1', 'DeclareCursor'],
    ['FETCH c', 'Fetch'],
    ['DO $$ BEGIN END $$', 'Do'],
    ['CREATE POLICY p ON t', 'CreatePolicy'],
    ['REINDEX TABLE t', 'Reindex'],
    ['CLUSTER t', 'Cluster'],
    ['CHECKPOINT', 'CheckPoint'],
    ['REFRESH MATERIALIZED VIEW v', 'RefreshMatView'],
    ["SECURITY LABEL ON TABLE t IS 'x'", 'SecLabel'],
    ['CREATE PUBLICATION p', 'CreatePublication'],
    ['CREATE RULE r AS ON INSERT TO t DO NOTHING', 'Rule'],
    ["LOAD 'x'", 'Load'],
    ['EXPLAIN CREATE TABLE x AS SELECT 1', 'CreateTableAs'],
  ])('%s', (sql, name) => {
    expect(judged(sql)).toBe(`0A000 unsupported statement: ${name}`);
  });

  test('a query that names a refused word in a string, a comment or a quoted name is none', () => {
    expect(judged('SELECT \'TRUNCATE t; VACUUM\' AS "LOCK TABLE" -- SAVEPOINT x')).toBe('ok');
  });
});

describe('statements that are refused with words of their own', () => {
  test.each([
    ['MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE', 'unsupported statement type: MERGE'],
    ['CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()', 'CREATE TRIGGER not supported'],
    ["CREATE TYPE x AS ENUM ('a')", 'CREATE TYPE not supported'],
    ['CREATE TEMP TABLE x (a int)', 'TEMPORARY or TEMP table not supported for CREATE TABLE'],
    ['CREATE UNLOGGED TABLE x (a int)', 'UNLOGGED table not supported for CREATE TABLE'],
    ['VACUUM t', 'unsupported VACUUM statement'],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'x'", 'CREATE FUNCTION with language plpgsql not supported'],
    ["CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'", 'PROCEDURE is not supported'],
    ['SELECT * FROM t TABLESAMPLE SYSTEM (1)', 'TABLESAMPLE clause not supported'],
    ['SAVEPOINT a', 'unsupported transaction statement: SAVEPOINT'],
    ['RELEASE a', 'unsupported transaction statement: RELEASE'],
    ['ROLLBACK TO a', 'unsupported transaction statement: ROLLBACK TO'],
    ['SET TRANSACTION READ ONLY', 'setting configuration parameter "TRANSACTION" not supported'],
    ['SET statement_timeout = 1', 'setting configuration parameter "statement_timeout" not supported'],
    ['SET lock_timeout = 1', 'setting configuration parameter "lock_timeout" not supported'],
    ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'Unsupported isolation level: SERIALIZABLE'],
    ['BEGIN ISOLATION LEVEL READ COMMITTED', 'Unsupported isolation level: READ COMMITTED'],
    ['SELECT * FROM t FOR SHARE', 'locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported'],
    ['DROP TYPE x', 'unsupported object in DROP statement'],
    ['GRANT USAGE ON SCHEMA public TO r', 'feature not supported on system entity'],
    ['CREATE SEQUENCE s CACHE 2', /^CREATE SEQUENCE is not supported without an explicit cache size/],
    ['CREATE TABLE x (a money)', 'datatype money not supported'],
    ['CREATE TABLE x (a int[])', 'datatype integer[] not supported'],
    ['CREATE TABLE x (a varbit(3))', 'datatype bit varying not supported'],
    ['CREATE TABLE x (a tsvector)', 'datatype tsvector not supported'],
    ['CREATE DOMAIN d AS int4range', 'datatype int4range not supported'],
    ["SELECT '(1,2)'::point", 'datatype point not supported'],
    ['CREATE INDEX ASYNC ON t USING btree (a)', 'access method not supported for CREATE INDEX'],
    ['SET client_min_messages = warning', 'setting configuration parameter "client_min_messages" not supported'],
    ['CREATE INDEX CONCURRENTLY ON t (a)', 'CONCURRENTLY not supported for CREATE INDEX'],
    ['CREATE INDEX ASYNC ON t (a DESC)', 'specifying sort order not supported for index keys'],
    ['CREATE INDEX ASYNC ON t (a text_pattern_ops)', 'opclass not supported for index keys'],
    ['ALTER TABLE t ADD COLUMN a int DEFAULT 1', 'ALTER TABLE ADD COLUMN with constraint not supported'],
    ['ALTER TABLE t ADD COLUMN a int NOT NULL', 'ALTER TABLE ADD COLUMN with constraint not supported'],
    ['ALTER TABLE t ALTER a TYPE text', 'unsupported ALTER TABLE ALTER COLUMN ... SET DATA TYPE statement'],
    ['ALTER TABLE t ADD PRIMARY KEY (a)', 'unsupported ALTER TABLE ADD CONSTRAINT statement'],
    ['ALTER TABLE t ADD CHECK (a > 0)', 'unsupported ALTER TABLE ADD CONSTRAINT statement'],
    ['ALTER TABLE t VALIDATE CONSTRAINT c', 'unsupported ALTER TABLE VALIDATE CONSTRAINT statement'],
    ['SELECT pg_advisory_lock(1)', 'function pg_advisory_lock not supported'],
  ])('%s', (sql, message) => {
    const wanted = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(parseStatements(sql).find((statement) => statement.refusal)?.refusal).toMatchObject({
      sqlstate: '0A000',
      message: wanted,
    });
  });

  test('serial types do not exist, under any of their names', () => {
    for (const type of ['serial', 'bigserial', 'smallserial', 'serial8']) {
      expect(judged(`CREATE TABLE x (a ${type})`)).toBe(`42704 type "${type}" does not exist`);
    }
  });

  test('text that does not parse is a syntax error with its position', () => {
    expect(parseStatements('SELEC 1')[0]?.refusal).toMatchObject({
      sqlstate: '42601',
      message: 'syntax error at or near "SELEC"',
      position: 1,
    });
  });
});

describe('statements that are taken', () => {
  test.each([
    'CREATE TABLE x (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 65536) PRIMARY KEY, d jsonb, n numeric(1000, 2), CHECK (n > 0))',
    'CREATE TABLE x (a int REFERENCES t (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, UNIQUE NULLS NOT DISTINCT (a))',
    'CREATE TABLE x (a int, b int GENERATED ALWAYS AS (a * 2) STORED)',
    'ALTER TABLE t ADD COLUMN a text, ALTER b SET DEFAULT 1, ALTER c DROP NOT NULL',
    'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
    'ALTER TABLE t ALTER a ADD GENERATED BY DEFAULT AS IDENTITY (CACHE 1)',
    'ALTER TABLE ASYNC t VALIDATE CONSTRAINT c',
    'ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i',
    'CREATE UNIQUE INDEX ASYNC IF NOT EXISTS i ON t (lower(a), b) INCLUDE (c) NULLS NOT DISTINCT WHERE a IS NOT NULL',
    "AWS IAM GRANT writer TO 'arn:aws:iam::111122223333:role/x'",
    "AWS IAM REVOKE writer FROM 'arn:aws:iam::111122223333:role/x'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    "SET search_path = a, b; SET TIME ZONE 'UTC'; RESET ALL",
    "SELECT ARRAY[1, 2], ARRAY(SELECT 1), inet '10.0.0.1' FOR KEY SHARE",
    'DEALLOCATE ALL',
    'COPY t FROM STDIN WITH (FORMAT csv); COPY (SELECT 1) TO STDOUT',
    'CREATE STATISTICS s ON a, b FROM t',
  ])('%s', (sql) => {
    expect(judged(sql)).toBe('ok');
  });

  test('ASYNC counts for its own statement alone, and as a name where it is one', () => {
    const [first, second, third] = parseStatements(
      "INSERT INTO t VALUES ('é; create index async'); CREATE INDEX ASYNC ON t (a); SELECT async FROM async",
    );
    expect([first?.async, second?.async, third?.async]).toEqual([false, true, false]);
    expect(first?.sql).toContain("'é; create index async'");
    expect(second?.sql).toContain('CREATE INDEX CONCURRENTLY');
    expect(third?.sql.trim()).toBe('SELECT async FROM async');
  });

  test('a numeric column without precision is given the precision it has on DSQL', () => {
    expect(
      parseStatements('SELECT 1; CREATE TABLE "ü" (a numeric, b numeric(5), c decimal NOT NULL)')[1]?.sql.trim(),
    ).toBe('CREATE TABLE "ü" (a numeric(18,6), b numeric(5), c decimal(18,6) NOT NULL)');
  });
});
