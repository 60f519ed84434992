import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { type LocalServer, outcome } from '../local-server.ts';
import { type WireClient, wireClient } from '../wire-client.ts';

/** What was seen while many clients worked. */
export interface Endured {
  /** Increments that were told committed, and the sum the counters hold. */
  readonly told: number;
  readonly held: number;
  /** Rows whose COPY was told committed, and those in the table. */
  readonly copied: number;
  readonly found: number;
  /** Refusals other than OC000. */
  readonly strange: readonly string[];
  readonly conflicts: number;
  /** Longest wait of the client that asks once a second, in milliseconds. */
  readonly longestMs: number;
  /** Resident bytes of the server, once in five seconds; empty where /proc is absent. */
  readonly memory: readonly number[];
}

const counters = 8;
const copyRows = 200;

/**
 * Has `writers` connections increment eight counters, `copiers` connections copy rows in beside them, and clients that are
 * silent, never read or leave half-open connections behind, for so long.
 */
export async function endure(server: LocalServer, seconds: number, writers: number, copiers: number): Promise<Endured> {
  const admin = await server.connect();
  await admin.query('CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL)');
  await admin.query(`INSERT INTO counter SELECT g, 0 FROM generate_series(1, ${counters}) AS g`);
  await admin.query('CREATE TABLE copied (id bigint PRIMARY KEY, v text)');
  const until = performance.now() + seconds * 1000;
  const strange = new Set<string>();
  let told = 0;
  let conflicts = 0;
  let copied = 0;
  let longestMs = 0;
  const memory: number[] = [];
  const write = async (index: number) => {
    const client = await server.connect();
    for (let turn = index; performance.now() < until; turn += 1) {
      const seen = await increment(client, 1 + (turn % counters));
      if (seen === 'ok') told += 1;
      else if (seen.includes('(OC000)')) conflicts += 1;
      else strange.add(seen);
    }
    await client.end();
  };
  const copy = async (index: number) => {
    const client = await wireClient(server);
    for (let turn = 0; performance.now() < until; turn += 1) {
      const first = (index * 1_000_000 + turn) * copyRows;
      const rows = Array.from({ length: copyRows }, (_, row) => `${first + row}\tvalue ${row}\n`).join('');
      const [seen = 'closed'] = await client.copyIn('COPY copied FROM STDIN', rows);
      if (seen === `COPY ${copyRows}`) copied += copyRows;
      else strange.add(seen);
    }
    client.close();
  };
  const ask = async () => {
    const client = await server.connect();
    while (performance.now() < until) {
      const began = performance.now();
      await client.query('SELECT 1');
      longestMs = Math.max(longestMs, performance.now() - began);
      await delay(1_000);
    }
    await client.end();
  };
  const watch = async () => {
    while (performance.now() < until) {
      const bytes = residentBytes(server.hold.endpoint.pid);
      if (bytes !== undefined) memory.push(bytes);
      await delay(5_000);
    }
  };
  const bad = await troublesome(server);
  await Promise.all([
    ...Array.from({ length: writers }, (_, index) => write(index)),
    ...Array.from({ length: copiers }, (_, index) => copy(index)),
    ask(),
    watch(),
  ]);
  for (const close of bad) close();
  const held = Number((await admin.query('SELECT sum(n)::bigint AS n FROM counter')).rows[0].n);
  const found = Number((await admin.query('SELECT count(*) AS n FROM copied')).rows[0].n);
  return { told, held, copied, found, strange: [...strange], conflicts, longestMs, memory };
}

async function increment(client: pg.Client, id: number): Promise<string> {
  const seen = await outcome(
    (async () => {
      await client.query('BEGIN');
      await client.query('UPDATE counter SET n = n + 1 WHERE id = $1', [id]);
      await client.query('COMMIT');
    })(),
  );
  if (seen !== 'ok') await client.query('ROLLBACK');
  return seen;
}

/** Clients that say nothing, that never read what they asked for, and that are in the middle of a message. */
async function troublesome(server: LocalServer): Promise<readonly (() => void)[]> {
  const silent = Array.from({ length: 10 }, () => connect(server.hold.endpoint.port, '127.0.0.1'));
  for (const socket of silent) socket.on('error', () => {});
  const slow: WireClient[] = [];
  for (let at = 0; at < 5; at += 1) {
    const client = await wireClient(server);
    client.socket.pause();
    client.send('Q', Buffer.from("SELECT repeat('x', 1000) FROM generate_series(1, 400000)\0"));
    slow.push(client);
    const half = await wireClient(server);
    half.socket.write(Buffer.from([0x51, 0, 0, 1, 0, 0x53]));
    slow.push(half);
  }
  return [...silent.map((socket) => () => void socket.destroy()), ...slow.map((client) => () => client.close())];
}

function residentBytes(pid: number): number | undefined {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return undefined;
  }
}
