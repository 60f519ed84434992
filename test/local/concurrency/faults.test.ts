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
