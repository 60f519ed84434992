import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { AuroraDSQLPool } from '@aws/aurora-dsql-node-postgres-connector';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setLocalFaults } from '../../../lib/local/client.ts';
import { localDsqlToken } from '../../../lib/local/sign-in.ts';
import { clientConfig, type LocalServer, startLocalServer } from '../local-server.ts';

const psql = ['/usr/bin/psql', '/usr/local/bin/psql', '/opt/homebrew/bin/psql'].find((path) => existsSync(path));
const run = promisify(execFile);

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  const admin = await server.connect();
  await admin.query('CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)');
  await admin.query('INSERT INTO counter VALUES (1, 0)');
});

afterAll(async () => {
  await setLocalFaults(server.stateDir, {});
  await server.close();
});

async function counted(): Promise<number> {
  const admin = await server.connect();
  const { rows } = await admin.query('SELECT n FROM counter WHERE id = 1');
  await admin.end();
  return rows[0].n;
}

// Skipped where no psql is installed: it comes with PostgreSQL's client package, not from npm.
describe.skipIf(psql === undefined)('psql, verifying the server', () => {
  async function ask(...args: readonly string[]): Promise<string> {
    const { caFile, hostname, port, user } = server.hold.endpoint;
    const target = `host=${hostname} port=${port} user=${user} dbname=postgres sslmode=verify-full sslrootcert=${caFile}`;
    const env = { PGPASSWORD: await localDsqlToken(server.stateDir), PATH: '/usr/bin:/bin' };
    const { stdout } = await run(psql ?? '', ['-X', '-A', '-t', target, ...args], { env });
    return stdout.trim();
  }

  test('queries, describes a table, runs a script and copies', async () => {
    expect(await ask('-c', 'SHOW server_version')).toBe('16.15');
    expect(await ask('-c', '\\d counter')).toContain('id|integer||not null');
    expect(await ask('-c', 'CREATE TABLE copied (id int, v text)')).toBe('CREATE TABLE');
    expect(await ask('-c', '\\copy copied FROM PROGRAM \'printf "1\\\\tx\\\\n2\\\\ty\\\\n"\'')).toBe('COPY 2');
    expect(await ask('-c', '\\copy copied TO STDOUT')).toBe('1\tx\n2\ty');
    expect(
      await ask('-1', '-c', "UPDATE copied SET v = 'z' WHERE id = 1", '-c', 'SELECT v FROM copied WHERE id = 1'),
    ).toContain('z');
  });

  test('is told the job of an index', async () => {
    expect(await ask('-c', 'CREATE INDEX ASYNC ON counter (n)')).toMatch(/^[a-z2-7]{26}/);
  });
});

test('node-postgres runs pooled transactions, streams and prepared statements', async () => {
  const pool = new pg.Pool({ ...(await clientConfig(server.hold, server.stateDir)), max: 4 });
  const before = await counted();
  const names = Array.from({ length: 20 }, (_, i) => i);
  await Promise.all(
    names.map(async () => {
      for (;;) {
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          await client.query({ name: 'increment', text: 'UPDATE counter SET n = n + $1 WHERE id = 1', values: [1] });
          await client.query('COMMIT');
          return;
        } catch (error) {
          await client.query('ROLLBACK');
          if (!(error instanceof pg.DatabaseError && error.code === '40001')) throw error;
        } finally {
          client.release();
        }
      }
    }),
  );
  expect((await counted()) - before).toBe(20);
  const { rows } = await pool.query('SELECT g, repeat($1, 1000) AS v FROM generate_series(1, 5000) AS g', ['x']);
  expect(rows).toHaveLength(5_000);
  await pool.end();
});

test("AWS's own connector signs its tokens, and its own retry takes injected conflicts", async () => {
  const { port, ca, region } = server.hold.endpoint;
  const { credentials } = server.hold;
  const pool = new AuroraDSQLPool({
    // The connector takes a name without a dot for a cluster's identifier.
    host: '127.0.0.1',
    port,
    region,
    user: 'admin',
    customCredentialsProvider: credentials,
    ssl: { ca, rejectUnauthorized: true },
    max: 3,
  });
  const before = await counted();
  await setLocalFaults(server.stateDir, { nextConflicts: 2, seed: 3 });
  await pool.transaction(async (client) => {
    await client.query('UPDATE counter SET n = n + 1 WHERE id = 1');
  });
  expect((await counted()) - before).toBe(1);
  await setLocalFaults(server.stateDir, { nextConflicts: 50 });
  await expect(
    pool.transaction(async (client) => {
      await client.query('UPDATE counter SET n = n + 1 WHERE id = 1');
    }),
  ).rejects.toThrow(/OC000|retr/i);
  await setLocalFaults(server.stateDir, {});
  expect((await counted()) - before).toBe(1);
  await pool.end();
});
