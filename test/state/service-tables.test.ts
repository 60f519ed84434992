import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureServiceTables, serviceTables } from '../../lib/state/service-tables.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

describe('the service tables', () => {
  it('are made by all who start on an empty cluster at the same moment', async () => {
    const names = serviceTables.map(({ name }) => name);
    const pools = Array.from({ length: 4 }, () => target.connect(2));
    for (let round = 0; round < 3; round += 1) {
      for (const name of names) await target.sql.unsafe(`DROP TABLE IF EXISTS public.${name}`);
      await Promise.all(pools.map(async (sql) => await sql`SELECT 1`));
      await Promise.all(pools.map((sql) => ensureServiceTables({ ...target, sql })));
      const present = await target.sql<{ readonly relname: string }[]>`
        SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'etl%' ORDER BY relname`;
      expect(present.map((row) => row.relname)).toEqual([...names].sort());
    }
  });
});
