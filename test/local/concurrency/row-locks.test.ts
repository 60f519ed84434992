import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';

const conflict = '40001 change conflicts with another transaction (OC000)';

/** What a transaction does with the row `a`, and the strength with which that meets others in the user guide's matrix. */
const operations = {
  DELETE: { sql: "DELETE FROM lease WHERE name = 'a'", strength: 'key' },
  'UPDATE of a key column': { sql: "UPDATE lease SET name = 'z' WHERE name = 'a'", strength: 'key' },
  'UPDATE of a unique column': { sql: "UPDATE lease SET holder = 'z' WHERE name = 'a'", strength: 'key' },
  'FOR UPDATE': { sql: "SELECT * FROM lease WHERE name = 'a' FOR UPDATE", strength: 'key' },
  'UPDATE of other columns': { sql: "UPDATE lease SET epoch = epoch + 1 WHERE name = 'a'", strength: 'value' },
  'FOR KEY SHARE': { sql: "SELECT * FROM lease WHERE name = 'a' FOR KEY SHARE", strength: 'share' },
  'INSERT … SELECT … FOR KEY SHARE': {
    sql: "INSERT INTO batch SELECT gen_random_uuid(), epoch FROM lease WHERE name = 'a' FOR KEY SHARE",
    strength: 'share',
  },
} as const;

type Operation = keyof typeof operations;
const names = Object.keys(operations) as Operation[];
const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));

function conflicts(first: Operation, second: Operation): boolean {
  const strengths = [operations[first].strength, operations[second].strength].sort().join(' with ');
  return strengths !== 'share with value' && strengths !== 'share with share';
}

let server: LocalServer;
let a: pg.Client;
let b: pg.Client;
let c: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  [a, b, c] = await Promise.all([server.connect(), server.connect(), server.connect()]);
  await a.query('CREATE TABLE lease (name text PRIMARY KEY, holder text UNIQUE, epoch int)');
  await a.query('CREATE TABLE batch (id uuid PRIMARY KEY, epoch int)');
});

afterAll(async () => {
  await server.close();
});

beforeEach(async () => {
  for (const client of [a, b, c]) await client.query('ROLLBACK');
  await a.query('DELETE FROM lease');
  await a.query("INSERT INTO lease VALUES ('a', 'one', 1), ('b', 'two', 1)");
});

/** Begins a transaction whose snapshot is taken now. */
async function begin(client: pg.Client): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT count(*) FROM lease');
}

describe('two open transactions on one row, of which the first named commits first', () => {
  test.each(pairs)('%s, then %s', async (first, second) => {
    await begin(a);
    await begin(b);
    await a.query(operations[first].sql);
    await b.query(operations[second].sql);
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflicts(first, second) ? conflict : 'ok');
  });

  test.each(pairs)('%s, although it ran after %s', async (first, second) => {
    await begin(a);
    await begin(b);
    await b.query(operations[second].sql);
    await a.query(operations[first].sql);
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    expect(await outcome(b.query('COMMIT'))).toBe(conflicts(first, second) ? conflict : 'ok');
  });

  test.each(pairs)('%s committed before %s ran on an older snapshot', async (first, second) => {
    await begin(b);
    await begin(a);
    await a.query(operations[first].sql);
    expect(await outcome(a.query('COMMIT'))).toBe('ok');
    await b.query(operations[second].sql);
    expect(await outcome(b.query('COMMIT'))).toBe(conflicts(first, second) ? conflict : 'ok');
  });
});

test('a row lock that was rolled back stands in nobody’s way', async () => {
  await begin(a);
  await begin(b);
  await a.query(operations['FOR KEY SHARE'].sql);
  await a.query('ROLLBACK');
  await b.query(operations.DELETE.sql);
  expect(await outcome(b.query('COMMIT'))).toBe('ok');
});

test('a row lock is no conflict for a transaction that began after it was committed', async () => {
  await a.query(operations['FOR UPDATE'].sql);
  await a.query(operations['FOR KEY SHARE'].sql);
  await begin(b);
  await b.query(operations.DELETE.sql);
  expect(await outcome(b.query('COMMIT'))).toBe('ok');
});

test('row locks of other rows are no conflict', async () => {
  await begin(a);
  await begin(b);
  await a.query("SELECT * FROM lease WHERE name = 'b' FOR UPDATE");
  expect(await outcome(a.query('COMMIT'))).toBe('ok');
  await b.query(operations.DELETE.sql);
  expect(await outcome(b.query('COMMIT'))).toBe('ok');
});

test('a take-over by DELETE and INSERT fails every batch of the holder that commits later, and no batch of another', async () => {
  await begin(a);
  await begin(c);
  await a.query(operations['INSERT … SELECT … FOR KEY SHARE'].sql);
  await c.query("INSERT INTO batch SELECT gen_random_uuid(), epoch FROM lease WHERE name = 'b' FOR KEY SHARE");
  await b.query('BEGIN');
  await b.query(operations.DELETE.sql);
  await b.query("INSERT INTO lease VALUES ('a', 'three', 2)");
  expect(await outcome(b.query('COMMIT'))).toBe('ok');
  expect(await outcome(a.query('COMMIT'))).toBe(conflict);
  expect(await outcome(c.query('COMMIT'))).toBe('ok');
});

test('many batches under one lease and its renewals commit at the same time', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
  let renewing = true;
  const renewals = (async () => {
    const outcomes = new Set<string>();
    while (renewing) outcomes.add(await outcome(a.query(operations['UPDATE of other columns'].sql)));
    return outcomes;
  })();
  const outcomes = await Promise.all(
    clients.map(async (client) => {
      const seen: string[] = [];
      for (let batch = 0; batch < 10; batch += 1) {
        await client.query('BEGIN');
        seen.push(await outcome(client.query(operations['INSERT … SELECT … FOR KEY SHARE'].sql)));
        seen.push(await outcome(client.query('COMMIT')));
      }
      return seen;
    }),
  );
  renewing = false;
  expect(new Set(outcomes.flat())).toEqual(new Set(['ok']));
  expect(await renewals).toEqual(new Set(['ok']));
});
