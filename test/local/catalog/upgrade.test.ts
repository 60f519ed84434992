import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { holdLocalDsql, type LocalDsqlHold } from '../../../lib/local/client.ts';
import { clientConfig } from '../local-server.ts';

async function withClient<T>(
  hold: LocalDsqlHold,
  stateDir: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(await clientConfig(hold, stateDir));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

test('a folder with the functions of another version gets those of this one, and keeps its data and grants', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'dsql-etl-test-'));
  try {
    const first = await holdLocalDsql({ stateDir, durability: 'process' });
    await withClient(first, stateDir, async (client) => {
      await client.query('CREATE TABLE kept (id int PRIMARY KEY, v text)');
      await client.query("INSERT INTO kept VALUES (1, 'x')");
    });
    await first.release();
    writeFileSync(join(stateDir, 'local/pgdata/dsql-ready'), 'those of another version');
    const second = await holdLocalDsql({ stateDir, durability: 'process' });
    const found = await withClient(second, stateDir, async (client) => [
      (await client.query('SELECT * FROM kept')).rows,
      (await client.query("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")).rows,
      (await client.query("SELECT pg_get_indexdef('kept_pkey'::regclass) AS d")).rows,
      (await client.query('SHOW server_version')).rows,
    ]);
    expect(found).toEqual([
      [{ id: 1, v: 'x' }],
      [{ rolname: 'admin' }],
      [{ d: 'CREATE UNIQUE INDEX kept_pkey ON public.kept USING btree_index (id) INCLUDE (v)' }],
      [{ server_version: '16.15' }],
    ]);
    await second.release();
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});
