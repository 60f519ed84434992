import { afterAll, beforeAll, expect, it } from 'vitest';
import { withRetries } from '../../lib/dsql/retry.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

it('a statement that a connection has parsed is parsed anew when its table has changed', async () => {
  const sql = target.connect(1);
  await sql`CREATE TABLE changing (id text PRIMARY KEY)`;
  const read = async () => await withRetries('Reading', target.retry, async () => await sql`SELECT * FROM changing`);
  expect((await read()).columns).toHaveLength(1);
  await target.sql`ALTER TABLE changing ADD COLUMN name text`;
  expect((await read()).columns).toHaveLength(2);
});
