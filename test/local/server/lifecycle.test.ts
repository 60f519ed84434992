import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  holdLocalDsql,
  type LocalDsqlHold,
  localDsqlStatus,
  startLocalDsql,
  stopLocalDsql,
} from '../../../lib/local/client.ts';
import { isAlive } from '../../../lib/local/postgres/process.ts';
import { prepareData } from '../../support/prepared-data.ts';
import { clientConfig } from '../local-server.ts';

const folders: string[] = [];
const children: ChildProcess[] = [];
const compiled = fileURLToPath(new URL('../../../dist/lib/local/client.js', import.meta.url));

function newStateDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dsql-etl-life-'));
  folders.push(folder);
  return folder;
}

/** One in which a local DSQL was started before. */
async function usedStateDir(): Promise<string> {
  const folder = newStateDir();
  await prepareData(folder);
  return folder;
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) {
    await stopLocalDsql(folder);
    rmSync(folder, { recursive: true, force: true });
  }
});

async function query(hold: LocalDsqlHold, stateDir: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client(await clientConfig(hold, stateDir));
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A process that holds the local DSQL until it is killed; its first line is the server's process id. */
async function holder(stateDir: string): Promise<number> {
  const code = `import { holdLocalDsql } from ${JSON.stringify(compiled)};
    const hold = await holdLocalDsql({ stateDir: ${JSON.stringify(stateDir)}, durability: 'process' });
    console.log(hold.endpoint.pid); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  return Number(line.toString());
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('starts cold and warm, keeps what was committed, and leaves no process', async () => {
  const stateDir = newStateDir();
  const cold = performance.now();
  const first = await holdLocalDsql({ stateDir });
  const coldMs = performance.now() - cold;
  await query(first, stateDir, 'CREATE TABLE kept (id int)');
  await query(first, stateDir, 'INSERT INTO kept VALUES (7)');
  const postgres = (await localDsqlStatus(stateDir))?.postgresPid ?? 0;
  await first.release();
  expect(isAlive(first.endpoint.pid)).toBe(false);
  expect(isAlive(postgres)).toBe(false);
  const warm = performance.now();
  const second = await holdLocalDsql({ stateDir });
  const warmMs = performance.now() - warm;
  expect((await query(second, stateDir, 'SELECT id FROM kept')).rows).toEqual([{ id: 7 }]);
  await second.release();
  // Generous against a busy machine; on an idle one it is about 1.1 s and 0.35 s.
  expect(coldMs).toBeLessThan(10_000);
  expect(warmMs).toBeLessThan(5_000);
});

test('two that start at once share one server, which stays until both have let go', async () => {
  const stateDir = await usedStateDir();
  const [one, two, three] = await Promise.all([
    holdLocalDsql({ stateDir }),
    holdLocalDsql({ stateDir }),
    holder(stateDir),
  ]);
  expect(one?.endpoint.pid).toBe(two?.endpoint.pid);
  expect(three).toBe(one?.endpoint.pid);
  await one.release();
  expect(isAlive(two.endpoint.pid)).toBe(true);
  await two.release();
  expect(isAlive(two.endpoint.pid)).toBe(true);
  children[0]?.kill('SIGKILL');
  await gone(two.endpoint.pid);
});

test('a started one stays when its holders go, and goes when it is stopped', async () => {
  const stateDir = await usedStateDir();
  const started = await startLocalDsql({ stateDir });
  const hold = await holdLocalDsql({ stateDir });
  await hold.release();
  expect(await localDsqlStatus(stateDir)).toMatchObject({ pid: started.pid, persistent: true, holders: 0 });
  expect(await stopLocalDsql(stateDir)).toBe(true);
  expect(isAlive(started.pid)).toBe(false);
  expect(await localDsqlStatus(stateDir)).toBeUndefined();
  expect(await stopLocalDsql(stateDir)).toBe(false);
});

test.each(['guard', 'postgres'] as const)(
  'kill -9 of the %s loses nothing committed, and the next start recovers',
  async (victim) => {
    const stateDir = await usedStateDir();
    const hold = await holdLocalDsql({ stateDir });
    await query(hold, stateDir, 'CREATE TABLE kept (id int PRIMARY KEY)');
    const config = await clientConfig(hold, stateDir);
    const client = new pg.Client(config);
    client.on('error', () => {});
    await client.connect();
    const status = await localDsqlStatus(stateDir);
    const pids = [hold.endpoint.pid, status?.postgresPid ?? 0];
    let told = 0;
    const writing = (async () => {
      for (;;) {
        await client.query('INSERT INTO kept VALUES ($1)', [told + 1]);
        told += 1;
        if (told === 50) process.kill(victim === 'guard' ? (pids[0] ?? 0) : (pids[1] ?? 0), 'SIGKILL');
      }
    })();
    await expect(writing).rejects.toThrow();
    const again = await holdLocalDsql({ stateDir });
    const { rows } = await query(again, stateDir, 'SELECT count(*)::int AS n, max(id) AS m FROM kept');
    expect(rows[0].n).toBe(rows[0].m);
    expect(rows[0].n).toBeGreaterThanOrEqual(told);
    expect(rows[0].n).toBeLessThanOrEqual(told + 1);
    await again.release();
    for (const pid of pids) await gone(pid);
  },
);

test('a server whose last holder is killed ends by itself, its PostgreSQL too', async () => {
  const stateDir = await usedStateDir();
  const pid = await holder(stateDir);
  const postgres = (await localDsqlStatus(stateDir))?.postgresPid ?? 0;
  children[0]?.kill('SIGKILL');
  await gone(pid);
  await gone(postgres);
});

describe('a running one', () => {
  let stateDir: string;
  let hold: LocalDsqlHold;

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'dsql-etl-life-'));
    execFileSync('chmod', ['0700', stateDir]);
    hold = await holdLocalDsql({ stateDir });
  });

  afterAll(async () => {
    await hold.release();
    rmSync(stateDir, { recursive: true, force: true });
  });

  test('is refused to who wants it at another port', async () => {
    await expect(holdLocalDsql({ stateDir, port: hold.endpoint.port + 1 })).rejects.toThrow('already runs on port');
  });

  test('has credentials and a key of its certificate that are readable by their owner alone', () => {
    for (const file of ['credentials.json', 'server-key.pem']) {
      expect(statSync(join(stateDir, 'local', file)).mode & 0o077).toBe(0);
    }
    expect(readFileSync(hold.endpoint.caFile, 'utf8')).toBe(hold.endpoint.ca);
  });

  test('may be in a folder that only its owner may enter', async () => {
    expect((await query(hold, stateDir, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
