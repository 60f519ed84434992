import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { setLocalFaults } from '../../../lib/local/client.ts';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';

const conflict = '40001 change conflicts with another transaction (OC000)';

let server: LocalServer;
let a: pg.Client;

beforeAll(async () => {
  server = await startLocalServer();
  a = await server.connect();
  await a.query('CREATE TABLE t (id int PRIMARY KEY)');
});

afterAll(async () => {
  await server.close();
});

beforeEach(async () => {
  await setLocalFaults(server.stateDir, {});
  await a.query('DELETE FROM t');
});

async function ids(): Promise<readonly number[]> {
  const client = await server.connect();
  const { rows } = await client.query('SELECT id FROM t ORDER BY id');
  await client.end();
  return rows.map((row) => row.id);
}

async function insert(client: pg.Client, id: number): Promise<string> {
  return await outcome(
    (async () => {
      await client.query('BEGIN');
      await client.query('INSERT INTO t VALUES ($1)', [id]);
      await client.query('COMMIT');
    })(),
  );
}

test('the next commits conflict, in transactions and without', async () => {
  expect(await setLocalFaults(server.stateDir, { nextConflicts: 2 })).toEqual({ nextConflicts: 2 });
  expect(await insert(a, 1)).toBe(conflict);
  expect(await outcome(a.query('INSERT INTO t VALUES (2)'))).toBe(conflict);
  expect(await insert(a, 3)).toBe('ok');
  expect(await ids()).toEqual([3]);
});

test('a share of commits conflicts, the same ones for the same seed', async () => {
  const play = async () => {
    await setLocalFaults(server.stateDir, { conflictShare: 0.3, seed: 7 });
    const outcomes: string[] = [];
    for (let i = 0; i < 40; i += 1) outcomes.push(await insert(a, i));
    await setLocalFaults(server.stateDir, {});
    await a.query('DELETE FROM t');
    return outcomes;
  };
  const first = await play();
  expect(first.filter((result) => result === conflict).length).toBeGreaterThan(4);
  expect(first.filter((result) => result === 'ok').length).toBeGreaterThan(20);
  expect(await play()).toEqual(first);
});

test('a connection dropped before COMMIT takes effect leaves nothing; one dropped after leaves everything', async () => {
  const [b, c] = [await server.connect(), await server.connect()];
  await setLocalFaults(server.stateDir, { nextDropsBeforeCommit: 1 });
  expect(await insert(b, 1)).toMatch(/terminated|ECONNRESET|closed/i);
  expect(await ids()).toEqual([]);
  await setLocalFaults(server.stateDir, { nextDropsAfterCommit: 1 });
  expect(await insert(c, 2)).toMatch(/terminated|ECONNRESET|closed/i);
  expect(await ids()).toEqual([2]);
});

test('the server is unavailable for the next commit, and the connection lives on', async () => {
  await setLocalFaults(server.stateDir, { nextUnavailable: 1 });
  expect(await insert(a, 1)).toBe('XX000 server unavailable');
  expect(await insert(a, 2)).toBe('ok');
  expect(await ids()).toEqual([2]);
});

test('statements and commits take longer', async () => {
  await setLocalFaults(server.stateDir, { statementLatencyMs: 30, commitLatencyMs: 100 });
  const started = performance.now();
  await insert(a, 1);
  expect(performance.now() - started).toBeGreaterThan(3 * 30 + 100);
});

test('connections are refused, and tokens are taken for expired', async () => {
  await setLocalFaults(server.stateDir, { refuseConnections: true });
  expect(await outcome(server.connect())).toBe('53400 Unable to accept connection, rate exceeded.');
  await setLocalFaults(server.stateDir, { expireTokens: true });
  await expect(server.connect()).rejects.toMatchObject({
    code: '28000',
    hint: expect.stringMatching(/^Signature expired/),
  });
});

/** `silent` when nothing has come of a query for a while, and its connection is open all the same. */
async function silence(client: pg.Client, sql: string): Promise<string> {
  let ended = false;
  client.on('end', () => {
    ended = true;
  });
  const seen = await Promise.race([
    outcome(client.query(sql)),
    new Promise<string>((resolve) => setTimeout(() => resolve('silent'), 400)),
  ]);
  return ended ? 'ended' : seen;
}

test('a connection falls silent at a COMMIT, before it takes effect or after, and others are served', async () => {
  for (const [fault, left] of [
    ['nextSilencesBeforeCommit', []],
    ['nextSilencesAfterCommit', [1]],
  ] as const) {
    const client = await server.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (1)');
    await setLocalFaults(server.stateDir, { [fault]: 1 });
    expect(await silence(client, 'COMMIT')).toBe('silent');
    expect(await ids()).toEqual(left);
    client.connection.stream.destroy();
    await a.query('DELETE FROM t');
  }
});

test('a connection falls silent at a statement, which does not run', async () => {
  const client = await server.connect();
  await setLocalFaults(server.stateDir, { nextSilentStatements: 1 });
  expect(await silence(client, 'INSERT INTO t VALUES (1)')).toBe('silent');
  expect(await ids()).toEqual([]);
  client.connection.stream.destroy();
});

test('a COMMIT takes long and then succeeds', async () => {
  await setLocalFaults(server.stateDir, { nextSlowCommits: 1, slowCommitMs: 300 });
  const began = performance.now();
  expect(await insert(a, 1)).toBe('ok');
  expect(performance.now() - began).toBeGreaterThan(290);
  expect(await ids()).toEqual([1]);
});

test.each(['DO NOTHING', 'DO UPDATE SET v = excluded.v'])(
  'ON CONFLICT %s leaves out a band of rows and counts them',
  async (action) => {
    await a.query('DROP TABLE IF EXISTS banded');
    await a.query('CREATE TABLE banded (id int PRIMARY KEY, v text)');
    await a.query("INSERT INTO banded VALUES (3, 'old')");
    await setLocalFaults(server.stateDir, { nextSkippedBands: 1, skippedRows: 4 });
    const sql = `INSERT INTO banded SELECT g, 'new' FROM generate_series(1, 20) AS g ON CONFLICT (id) ${action} RETURNING id`;
    const { rowCount, rows } = await a.query(sql);
    const counted = action === 'DO NOTHING' ? 19 : 20;
    expect([rowCount, rows.length]).toEqual([counted, counted]);
    const found = (await a.query('SELECT id FROM banded ORDER BY id')).rows.map(({ id }) => id);
    expect(found).toEqual([3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect((await a.query(sql)).rowCount).toBe(action === 'DO NOTHING' ? 4 : 20);
    expect((await a.query('SELECT count(*)::int AS n FROM banded')).rows).toEqual([{ n: 20 }]);
  },
);
