import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';
import { wireClient } from '../wire-client.ts';

let server: LocalServer;
let a: pg.Client;

beforeAll(async () => {
  server = await startLocalServer({
    limits: {
      transactionSeconds: 2,
      tableColumns: 12,
      tables: 30,
      schemas: 2,
      sequences: 2,
      views: 2,
      tableIndexes: 4,
      viewBytes: 2_000,
      tableStatistics: 1,
      rowBytes: 300_000,
      columnBytes: 200_000,
      transactionBytes: 4 * 1024 * 1024,
      tempKilobytes: 20_000,
    },
  });
  a = await server.connect();
});

afterAll(async () => {
  await server.close();
});

afterEach(async () => {
  await a.query('ROLLBACK');
});

async function transaction(...statements: readonly string[]): Promise<string> {
  const result = await outcome(
    (async () => {
      await a.query('BEGIN');
      for (const statement of statements) await a.query(statement);
      await a.query('COMMIT');
    })(),
  );
  await a.query('ROLLBACK');
  return result;
}

describe('rows of a transaction', () => {
  const rowLimit = '54000 transaction row limit exceeded';

  beforeAll(async () => {
    await a.query('CREATE TABLE parent (id int PRIMARY KEY)');
    await a.query(
      'CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent(id) ON DELETE CASCADE, v text)',
    );
    await a.query('INSERT INTO parent VALUES (1), (2)');
    await a.query('INSERT INTO child SELECT g, 1, NULL FROM generate_series(1, 2999) AS g');
    await a.query('INSERT INTO child SELECT g, 2, NULL FROM generate_series(3001, 6000) AS g');
    await a.query('CREATE TABLE plain (id int)');
  });

  test('3,000 are fine and 3,001 are refused at the statement, within and without a transaction', async () => {
    expect(await outcome(a.query('INSERT INTO plain SELECT generate_series(1, 3001)'))).toBe(rowLimit);
    expect(await transaction('INSERT INTO plain SELECT generate_series(1, 3001)')).toBe(rowLimit);
    expect((await a.query('SELECT count(*)::int AS n FROM plain')).rows).toEqual([{ n: 0 }]);
    expect(await transaction('INSERT INTO plain SELECT generate_series(1, 3000)')).toBe('ok');
  });

  test('the rows of all statements of a transaction count together', async () => {
    expect(
      await transaction('INSERT INTO plain SELECT generate_series(1, 2000)', 'UPDATE plain SET id = 0 WHERE id <= 500'),
    ).toBe('ok');
    expect(
      await transaction('INSERT INTO plain SELECT generate_series(1, 2000)', 'DELETE FROM plain WHERE id < 9000'),
    ).toBe(rowLimit);
  });

  test('rows a cascade deletes count', async () => {
    expect(await outcome(a.query('DELETE FROM parent WHERE id = 2'))).toBe(rowLimit);
    expect(await outcome(a.query('DELETE FROM parent WHERE id = 1'))).toBe('ok');
  });

  test('rows of data-modifying CTEs count', async () => {
    const insert = (first: number, second: number) =>
      `WITH x AS (INSERT INTO plain SELECT generate_series(1, ${first}) RETURNING id) INSERT INTO plain SELECT generate_series(1, ${second})`;
    expect(await outcome(a.query(insert(2_000, 1_001)))).toBe(rowLimit);
    expect(await outcome(a.query(insert(2_000, 1_000)))).toBe('ok');
    expect(
      await outcome(a.query('WITH x AS (INSERT INTO plain SELECT generate_series(1, 3001) RETURNING 1) SELECT 1')),
    ).toBe(rowLimit);
  });

  test('several statements of one simple query are one transaction', async () => {
    const half = 'INSERT INTO plain SELECT generate_series(1, 1501)';
    expect(await outcome(a.query(`${half}; ${half}`))).toBe(rowLimit);
  });
});

describe('bytes of a transaction', () => {
  const tooLarge = '54000 transaction size limit 4mb exceeded';

  beforeAll(async () => {
    await a.query('CREATE TABLE wide (id int PRIMARY KEY, v text, w text)');
  });

  test('are refused at COMMIT, with the size in the detail', async () => {
    await a.query('BEGIN');
    for (let i = 0; i < 5; i += 1) {
      expect(
        (
          await a.query(
            'INSERT INTO wide SELECT $1::int * 10 + g, repeat($2, 100000) FROM generate_series(1, 9) AS g',
            [i, 'x'],
          )
        ).rowCount,
      ).toBe(9);
    }
    await expect(a.query('COMMIT')).rejects.toMatchObject({
      code: '54000',
      message: 'transaction size limit 4mb exceeded',
      detail: expect.stringMatching(/^Current transaction size \d+mb > 4mb$/),
    });
    expect((await a.query('SELECT count(*)::int AS n FROM wide')).rows).toEqual([{ n: 0 }]);
  });

  test('count whether they came as values, were made by a function, or were rewritten by an UPDATE', async () => {
    const value = 'y'.repeat(190_000);
    await a.query('BEGIN');
    for (let i = 0; i < 23; i += 1) await a.query('INSERT INTO wide VALUES ($1, $2)', [i, value]);
    expect(await outcome(a.query('COMMIT'))).toBe(tooLarge);
    const noise = randomBytes(75_000).toString('hex');
    for (let i = 0; i < 27; i += 1) await a.query('INSERT INTO wide VALUES ($1, $2)', [i, noise]);
    expect(await outcome(a.query("UPDATE wide SET w = 'small'"))).toBe('ok');
    expect(
      await outcome(a.query("INSERT INTO wide SELECT 1000 + id, v, w FROM wide; UPDATE wide SET w = 'more'")),
    ).toBe(tooLarge);
    await a.query('DELETE FROM wide');
  });

  test('index entries count', async () => {
    await a.query('CREATE TABLE keyed (id int PRIMARY KEY, k text UNIQUE, l text UNIQUE, v text)');
    const rows = "SELECT g, 'k' || g, 'l' || g, repeat('v', 1000) FROM generate_series(1, 2900) AS g";
    expect(
      await outcome(a.query(`INSERT INTO wide SELECT g, repeat('v', 1000) FROM generate_series(1, 2900) AS g`)),
    ).toBe('ok');
    expect(await outcome(a.query(`INSERT INTO keyed ${rows}`))).toBe(tooLarge);
  });
});

test('a row and a column have a largest size', async () => {
  await a.query('CREATE TABLE sized (id int PRIMARY KEY, v text, w text)');
  const v = randomBytes(95_000).toString('hex');
  expect(await outcome(a.query('INSERT INTO sized VALUES ($1, $2, $3)', [1, `${v}${v}`, '']))).toBe(
    '54000 datatype limit greater than 200000 bytes not supported for text',
  );
  expect(await outcome(a.query('INSERT INTO sized SELECT 1, $1, $1', [v]))).toBe('54000 maximum row size exceeded');
  expect(await outcome(a.query('INSERT INTO sized VALUES ($1, $2, $3)', [1, v, '']))).toBe('ok');
});

test('a transaction older than the limit cannot commit, though its statements ran', async () => {
  await a.query('BEGIN');
  await a.query('INSERT INTO sized VALUES (77, NULL, NULL)');
  await a.query('SELECT pg_sleep(2.1)');
  await expect(a.query('COMMIT')).rejects.toMatchObject({
    code: '54000',
    message: 'transaction age limit of 2s exceeded',
    detail: expect.stringMatching(/^Current transaction age \d+s exceeds 2s$/),
  });
  expect((await a.query('SELECT count(*)::int AS n FROM sized WHERE id = 77')).rows).toEqual([{ n: 0 }]);
});

describe('keys and indexes', () => {
  test('a key has at most eight columns', async () => {
    const columns = Array.from({ length: 9 }, (_, i) => `c${i}`);
    const typed = columns.map((name) => `${name} int`).join(', ');
    const message = '54011 more than 8 column keys in an index are not supported';
    expect(await outcome(a.query(`CREATE TABLE nine (${typed}, PRIMARY KEY (${columns.join(', ')}))`))).toBe(message);
    await a.query(`CREATE TABLE nine (${typed})`);
    expect(await outcome(a.query(`CREATE INDEX ASYNC ON nine (${columns.join(', ')})`))).toBe(message);
  });

  test('a key has at most so many declared and actual bytes', async () => {
    const declared = '54000 key size greater than 2000 bytes not supported';
    expect(await outcome(a.query('CREATE TABLE long_key (k varchar(2001) PRIMARY KEY)'))).toBe(declared);
    await a.query('CREATE TABLE long_key (id int PRIMARY KEY, k text UNIQUE, l varchar(3000))');
    expect(await outcome(a.query('CREATE INDEX ASYNC ON long_key (l)'))).toBe(declared);
    const incompressible = randomBytes(4_000).toString('base64');
    expect(await outcome(a.query('INSERT INTO long_key VALUES (1, $1)', [incompressible]))).toBe(
      '54000 key size too large',
    );
  });

  test('json, bytea, interval and timetz are not for keys', async () => {
    expect(await outcome(a.query('CREATE TABLE bad_key (k jsonb PRIMARY KEY)'))).toBe(
      '0A000 datatype jsonb is not supported in a key',
    );
    await a.query('CREATE TABLE documents (id int PRIMARY KEY, d jsonb, j json, i interval)');
    expect(await outcome(a.query('CREATE INDEX ASYNC ON documents (d)'))).toBe(
      '0A000 datatype jsonb is not supported in a key',
    );
  });

  test('a table has at most so many indexes, its primary key and those being built included', async () => {
    await a.query('CREATE TABLE indexed (id int PRIMARY KEY, a int, b int, c int, d int UNIQUE)');
    await a.query('CREATE INDEX ASYNC ON indexed (a)');
    await a.query('CREATE INDEX ASYNC ON indexed (b)');
    expect(await outcome(a.query('CREATE INDEX ASYNC ON indexed (c)'))).toBe(
      '54000 more than 4 indexes per table are not allowed',
    );
  });
});

test('a query has a largest temporary space', async () => {
  const sorted = (rows: number) =>
    `SELECT count(*) FROM (SELECT g, md5(g::text) AS m FROM generate_series(1, ${rows}) AS g ORDER BY m) AS s`;
  expect(await outcome(a.query(sorted(10_000)))).toBe('ok');
  expect(await outcome(a.query(sorted(1_000_000)))).toBe(
    '54000 query requires more than allowed temp space of 20000 KB to execute',
  );
});

describe('columns, tables, schemas', () => {
  test('a table has at most so many columns', async () => {
    const columns = (count: number) => Array.from({ length: count }, (_, i) => `c${i} int`).join(', ');
    expect(await outcome(a.query(`CREATE TABLE many (${columns(14)})`))).toBe(
      '54011 tables can have at most 12 columns',
    );
    expect(await outcome(a.query(`CREATE TABLE many (${columns(12)}, PRIMARY KEY (c0), last int)`))).toBe(
      '54011 tables can have at most 12 columns',
    );
    await a.query(`CREATE TABLE many (${columns(12)}, PRIMARY KEY (c0))`);
    await a.query(`CREATE TABLE keyless (${columns(13)})`);
    expect(await outcome(a.query('ALTER TABLE keyless ADD COLUMN one_more int'))).toBe(
      '54011 tables can have at most 12 columns',
    );
    expect(await outcome(a.query('ALTER TABLE many ADD COLUMN one_more int'))).toBe(
      '54011 tables can have at most 12 columns',
    );
  });

  test('char and varchar have a largest length', async () => {
    expect(await outcome(a.query('CREATE TABLE long_char (v char(4097))'))).toBe(
      '54000 Datatype limit greater than 4096 bytes not supported for char',
    );
    expect(await outcome(a.query('CREATE TABLE long_char (v varchar(65536))'))).toBe(
      '54000 Datatype limit greater than 65535 bytes not supported for varchar',
    );
  });

  test('schemas, sequences and views are limited in number', async () => {
    for (const name of ['s1', 's2']) await a.query(`CREATE SCHEMA ${name}`);
    expect(await outcome(a.query('CREATE SCHEMA s3'))).toBe('54000 more than 2 schemas not allowed');
    for (const name of ['q1', 'q2']) await a.query(`CREATE SEQUENCE ${name} CACHE 1`);
    expect(await outcome(a.query('CREATE SEQUENCE q3 CACHE 1'))).toBe(
      '54000 creating more than 2 sequences is not allowed',
    );
    for (const name of ['v1', 'v2']) await a.query(`CREATE VIEW ${name} AS SELECT 1 AS x`);
    expect(await outcome(a.query('CREATE VIEW v3 AS SELECT 1 AS x'))).toBe(
      '54000 creating more than 2 views not allowed',
    );
    await a.query('DROP VIEW v2');
    expect(await outcome(a.query(`CREATE VIEW v3 AS SELECT '${'x'.repeat(2_000)}' AS x`))).toBe(
      '54000 view definition too large',
    );
  });

  test('extended statistics of a table are limited in number', async () => {
    await a.query('CREATE STATISTICS st1 ON a, b FROM indexed');
    expect(await outcome(a.query('CREATE STATISTICS st2 ON b, c FROM indexed'))).toBe(
      '54000 more than 1 extended statistics per table are not allowed',
    );
  });

  test('tables are limited in number', async () => {
    let result = 'ok';
    for (let i = 0; i < 31 && result === 'ok'; i += 1) result = await outcome(a.query(`CREATE TABLE t${i} (id int)`));
    expect(result).toBe('54000 creating more than 30 tables not allowed');
  });
});

test.each([false, true])('COPY FROM STDIN stands under the same caps (extended protocol: %s)', async (extended) => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => `${i}\n`).join('');
  const client = await wireClient(server);
  await a.query('DROP TABLE IF EXISTS copied');
  await a.query('DROP TABLE IF EXISTS t1');
  await a.query('CREATE TABLE copied (id int)');
  const copy = async (sql: string, text: string) => await client.copyIn(sql, text, extended);
  expect(await copy('COPY copied FROM STDIN', rows(3_000))).toEqual(['COPY 3000', 'ready I']);
  expect(await copy('COPY copied FROM STDIN', rows(3_001))).toEqual([
    '54000 transaction row limit exceeded',
    'ready I',
  ]);
  expect((await a.query('SELECT count(*)::int AS n FROM copied')).rows).toEqual([{ n: 3_000 }]);
  expect(await copy("COPY copied FROM '/x'", '')).toEqual([expect.stringMatching(/^0A000 /), 'ready I']);
  expect(await copy('COPY copied FROM STDIN', 'x\n')).toEqual([expect.stringMatching(/^22P02 /), 'ready I']);
  expect(await client.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
  client.close();
});
