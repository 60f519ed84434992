import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localDsqlToken } from '../../../lib/local/sign-in.ts';
import { cstrings, message } from '../../../lib/local/wire/message.ts';
import { type LocalServer, startLocalServer } from '../local-server.ts';
import { WireClient, wireClient } from '../wire-client.ts';

let server: LocalServer;
let bystander: WireClient;

beforeAll(async () => {
  server = await startLocalServer({ limits: { connectionBurst: 10_000 } });
  bystander = await wireClient(server);
});

afterAll(async () => {
  bystander.close();
  await server.close();
});

async function served(): Promise<void> {
  expect(await bystander.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));
}

/** Bytes of memory the guard's process has resident; undefined where /proc is absent. */
function residentBytes(): number | undefined {
  try {
    const status = readFileSync(`/proc/${server.hold.endpoint.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  } catch {
    return undefined;
  }
}

test('random bytes before TLS, after it and after signing in end the connection and nothing else', async () => {
  const token = await localDsqlToken(server.stateDir);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc.constantFrom(0, 1, 2),
      async (bytes, stage) => {
        if (stage === 0) {
          const raw = connect(server.hold.endpoint.port, '127.0.0.1');
          raw.on('error', () => {});
          await once(raw, 'connect');
          raw.end(bytes);
          raw.resume();
          setTimeout(() => raw.destroy(), 50);
          await closed(raw);
          return;
        }
        const client = await WireClient.direct(server);
        if (stage === 2) await client.signIn(token);
        client.socket.write(bytes);
        client.socket.end();
        client.socket.resume();
        setTimeout(() => client.close(), 50);
        await closed(client.socket);
      },
    ),
    { numRuns: 60 },
  );
  await served();
}, 60_000);

test('messages cut short, and messages that make no sense, harm nobody', async () => {
  const whole = [
    message('Q', cstrings('SELECT 1')),
    message('P', Buffer.concat([cstrings('', 'SELECT $1'), Buffer.alloc(2)])),
    message('B', Buffer.alloc(3)),
    message('D', Buffer.from('X')),
    message('E', cstrings('nothing')),
    message('p', cstrings('again')),
    message('F', Buffer.alloc(8)),
    message('!', Buffer.alloc(2)),
    message('d', Buffer.alloc(10)),
  ];
  for (const frame of whole) {
    const cut = await wireClient(server);
    cut.socket.write(frame.subarray(0, frame.length - 1));
    cut.close();
    const odd = await wireClient(server);
    odd.socket.write(frame);
    odd.send('S');
    const answer = await odd.untilReady();
    expect(answer.at(-1)).toMatch(/^(ready I|closed)$/);
    odd.close();
  }
  await served();
});

test('a FunctionCall is refused and followed by ReadyForQuery, without a Sync', async () => {
  const client = await wireClient(server);
  client.send('F', Buffer.alloc(8));
  expect(await client.untilReady()).toEqual(['0A000 unsupported statement: FunctionCall', 'ready I']);
  await client.query('BEGIN');
  client.send('F', Buffer.alloc(8));
  expect(await client.untilReady()).toEqual(['0A000 unsupported statement: FunctionCall', 'ready E']);
  client.close();
});

test('five hundred connects and disconnects, half of them in the middle of a transaction, leave memory flat', async () => {
  const token = await localDsqlToken(server.stateDir);
  const round = async (count: number) => {
    for (let at = 0; at < count; at += 10) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const client = await WireClient.direct(server);
          await client.signIn(token);
          if (index % 2 === 0) await client.query('BEGIN');
          client.close();
        }),
      );
    }
  };
  await round(150);
  const before = residentBytes();
  await round(500);
  await served();
  const after = residentBytes();
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(60 * 1024 * 1024);
  const backends = async () => {
    bystander.send('Q', cstrings("SELECT 1 FROM pg_stat_activity WHERE usename = 'admin'"));
    return (await bystander.untilReady())[0];
  };
  // Every backend of a client that went away ends; the one left is the bystander's own.
  for (let tries = 0; tries < 200 && (await backends()) !== 'SELECT 1'; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await backends()).toBe('SELECT 1');
}, 60_000);

test('a client that never reads is not buffered for', async () => {
  const client = await wireClient(server);
  const before = residentBytes();
  client.socket.pause();
  client.send('Q', cstrings("SELECT repeat('x', 1000) FROM generate_series(1, 400000)"));
  for (let i = 0; i < 20; i += 1) {
    await served();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const after = residentBytes();
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(80 * 1024 * 1024);
  client.close();
  await served();
});

test('a connection that says nothing is not waited for by others', async () => {
  const silent = Array.from({ length: 20 }, () => connect(server.hold.endpoint.port, '127.0.0.1'));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  const client = await wireClient(server);
  expect(await client.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
  client.close();
  for (const socket of silent) socket.destroy();
});
