import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLedgerTotals } from '../../lib/state/ledger.ts';
import {
  areServiceTablesReady,
  ensureServiceTables,
  serviceTables,
  stateVersion,
} from '../../lib/state/service-tables.ts';
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

  it('get the columns that a release before did not have, and keep their rows', async () => {
    await target.sql`DROP TABLE public.etl_load_ledger`;
    await target.sql`DELETE FROM public.etl_version`;
    await target.sql`
      CREATE TABLE public.etl_load_ledger (
        run_id text NOT NULL, chunk integer NOT NULL, batch text NOT NULL, rows_loaded integer NOT NULL,
        rows_inserted integer NOT NULL, rows_updated integer NOT NULL, rows_rejected integer NOT NULL,
        loaded_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (run_id, chunk, batch))`;
    await target.sql`INSERT INTO public.etl_load_ledger VALUES ('before', 0, '0', 7, 3, 2, 1)`;
    await target.sql`INSERT INTO public.etl_version (version) VALUES (3)`;
    expect(await areServiceTablesReady(target)).toBe(false);
    await ensureServiceTables(target);
    expect(await areServiceTablesReady(target)).toBe(true);
    expect(await readLedgerTotals(target.sql, 'before')).toEqual({
      rows_inserted: 3,
      rows_updated: 2,
      rows_unchanged: 2,
      rows_rejected: 1,
      rows_deleted: 0,
    });
    expect(await target.sql`SELECT max(version) AS version FROM public.etl_version`).toEqual([
      { version: String(stateVersion) },
    ]);
  });
});
