import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localDsqlToken } from '../../../lib/local/sign-in.ts';
import { type LocalServer, startLocalServer } from '../local-server.ts';
import { WireClient, wireClient } from '../wire-client.ts';

const handshakeSeconds = 0.5;
const longer = handshakeSeconds * 2000;

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer({ limits: { handshakeSeconds } });
});

afterAll(async () => {
  await server.close();
});

test('a connection without traffic outlives the time given for signing in, whichever way it began', async () => {
  const token = await localDsqlToken(server.stateDir);
  const clients = await Promise.all([WireClient.direct(server), WireClient.asking(server)]);
  for (const client of clients) await client.signIn(token);
  await delay(longer);
  for (const client of clients) {
    expect(await client.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
    client.close();
  }
});

test('so does a transaction that is idle', async () => {
  const client = await server.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1');
  await delay(longer);
  expect((await client.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
  await client.query('COMMIT');
});

test('and a statement that runs for longer', async () => {
  const client = await server.connect();
  await client.query(`SELECT pg_sleep(${longer / 1000})`);
  expect((await client.query('SELECT 3 AS n')).rows).toEqual([{ n: 3 }]);
});

test('a client that does not sign in is cut off when that time is over, although it sends something now and then', async () => {
  const silent = await WireClient.direct(server);
  silent.socket.write(Buffer.from([0, 0, 0, 200]));
  const began = performance.now();
  const trickle = setInterval(() => silent.socket.write(Buffer.from([0])), 100);
  await new Promise((resolve) => silent.socket.once('close', resolve));
  clearInterval(trickle);
  expect(performance.now() - began).toBeGreaterThan(handshakeSeconds * 500);
});

test('a session opened beside these is served', async () => {
  const client = await wireClient(server);
  expect(await client.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
  client.close();
});
