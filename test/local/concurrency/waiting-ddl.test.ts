import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
});

afterAll(() => server.close());

// What a table is like is read after the first statement that writes to it, and DDL that waits for that statement must not keep it from being read.
test.each([
  ['with a default', 'id uuid PRIMARY KEY DEFAULT gen_random_uuid(), v text'],
  ['with a generated column', 'v text PRIMARY KEY, w text GENERATED ALWAYS AS (v || v) STORED'],
])('a statement into a table %s ends, and so does the DDL that waits for it', async (kind, columns) => {
  const [writer, changer] = [await server.connect(), await server.connect()];
  const table = kind.replaceAll(/\W/g, '_');
  await changer.query(`CREATE TABLE ${table} (${columns})`);
  const written = outcome(writer.query(`INSERT INTO ${table} (v) SELECT 'x' FROM pg_sleep(0.5)`));
  await delay(200);
  const changed = outcome(changer.query(`ALTER TABLE ${table} ADD COLUMN later text`));
  expect(await changed).toBe('ok');
  expect(await written).toMatch(/^(ok$|40001 )/);
  const { rows } = await changer.query(`SELECT v, later FROM ${table}`);
  expect(rows).toEqual((await written) === 'ok' ? [{ v: 'x', later: null }] : []);
});
