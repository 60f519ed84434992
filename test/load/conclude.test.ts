import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import { withRetries } from '../../lib/dsql/retry.ts';
import { type ConcludeRequest, concludeLoad } from '../../lib/load/conclude.ts';
import { defineTable } from '../../lib/load/define-table.ts';
import { indexName } from '../../lib/load/indexes.ts';
import { load } from '../../lib/load/load.ts';
import { checkShrink } from '../../lib/load/replace.ts';
import { describeTable } from '../../lib/load/target-table.ts';
import type { Column } from '../../lib/manifest.ts';
import type { Fence } from '../../lib/state/fence.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { chunkFiles } from '../support/chunk-files.ts';
import { heldLease } from '../support/held-lease.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { bucketChunks } from './support/bucket-chunks.ts';

let target: LocalTarget;
let fence: Fence;

beforeAll(async () => {
  target = await localTarget();
  await ensureServiceTables(target);
  fence = await heldLease(target, 'conclude');
});

afterAll(async () => {
  await target.remove();
});

const columns: readonly Column[] = [
  { name: 'uuid_id', type: 'uuid' },
  { name: 'id', type: 'bigint' },
  { name: 'name', type: 'text' },
  { name: 'amount', type: 'numeric(38,2)' },
  { name: 'extra', type: 'jsonb' },
];
const rows = (from: number, to: number): string =>
  `SELECT CAST(md5(CAST(i AS VARCHAR)) AS UUID) AS uuid_id, i AS id, 'n"' || i AS name,
          (i / 100)::DECIMAL(38,2) AS amount, '{"b": 1, "a": ' || i || '}' AS extra
     FROM range(${from}, ${to}) t(i)`;

let runs = 0;

/** Loads one chunk as a whole run would, and concludes it. */
async function run(
  table: string,
  query: string,
  settings: Partial<ConcludeRequest> = {},
): ReturnType<typeof concludeLoad> {
  runs += 1;
  const chunks = await chunkFiles(`${target.folder}/conclude-${runs}`, columns, [query]);
  const demand = { name: parseTableName(table), columns, keyColumns: ['id'], loadMode: settings.loadMode ?? 'upsert' };
  const shared = {
    ...chunks,
    target,
    fence,
    runId: settings.runId ?? `conclude-${runs}`,
    pipelineName: 'test',
    keyColumns: ['id'],
    loadMode: demand.loadMode,
    batchRows: 2000,
    table: await defineTable(target, demand),
  };
  const loaded = await load({ ...shared, connections: 4, again: false, wasEmpty: false });
  const rowsLoaded = loaded.rows_inserted + loaded.rows_updated + loaded.rows_unchanged;
  return await concludeLoad({ ...shared, rowsLoaded, rowsRefused: 0, indexes: [], verify: 'off', ...settings });
}

/** Retried, because a connection that has not heard of another's DDL is told OC001 once. */
const idsOf = async (table: string): Promise<unknown> =>
  await withRetries('Counting', target.retry, async () => {
    const rows = await target.sql.unsafe(`SELECT min(id) AS first, max(id) AS last, count(*) AS n FROM ${table}`);
    return rows[0];
  });

describe('replace', () => {
  it('takes away exactly the rows that the source no longer has', async () => {
    await run('replaced', rows(0, 12_000), { loadMode: 'replace' });
    const concluded = await run('replaced', rows(6_000, 13_000), { loadMode: 'replace' });
    expect(concluded.rows_deleted).toBe(6_000);
    expect(await idsOf('replaced')).toMatchObject({ first: '6000', last: '12999', n: '7000' });
  });

  it('again takes nothing away', async () => {
    const concluded = await run('replaced', rows(6_000, 13_000), { loadMode: 'replace' });
    expect(concluded.rows_deleted).toBe(0);
  });

  it('counts the rows that an earlier attempt of the run took away', async () => {
    await run('attempts', rows(0, 3_000), { loadMode: 'replace' });
    const first = await run('attempts', rows(2_500, 3_000), { loadMode: 'replace', runId: 'attempted' });
    await target.sql`INSERT INTO attempts (uuid_id, id) VALUES ('00000000-0000-0000-0000-000000000001', -1)`;
    const second = await run('attempts', rows(2_500, 3_000), { loadMode: 'replace', runId: 'attempted' });
    expect([first.rows_deleted, second.rows_deleted]).toEqual([2_500, 2_501]);
  });

  it('takes away the same by buckets, of which one has no rows, and compares all of them', async () => {
    const given = Array.from(
      { length: 60 },
      (_, i) => `${(i * 4).toString(16).padStart(2, '0')}000000-0000-8000-8000-000000000000`,
    );
    await target.sql`CREATE TABLE by_buckets (uuid_id uuid PRIMARY KEY)`;
    await target.sql`INSERT INTO by_buckets SELECT unnest(${`{${given.join(',')}}`}::text::uuid[])`;
    const source = given.filter((id, i) => i % 3 === 0 && (id < '55555556' || id > 'aaaaaaab'));
    const table = await describeTable(target.sql, parseTableName('by_buckets'));
    if (table === undefined) throw new Error('no table');
    for (const keyed of [true, false]) {
      const folder = `${target.folder}/by-buckets-${keyed}`;
      const chunks = await bucketChunks(folder, [{ name: 'uuid_id', type: 'uuid' }], source, { buckets: 3, keyed });
      const shared = {
        target,
        fence,
        runId: `by-buckets-${keyed}`,
        pipelineName: 'test',
        keyColumns: [],
        batchRows: 2000,
        indexes: [],
        rowsRefused: 0,
      };
      const concluded = await concludeLoad({
        ...shared,
        ...chunks,
        table,
        loadMode: 'replace',
        verify: 'full',
        rowsLoaded: source.length,
      });
      const gone = keyed ? given.length - source.length : 0;
      expect(concluded).toEqual({ rows_deleted: gone, verified: `full: ${source.length} rows` });
    }
    const left = await target.sql`SELECT uuid_id::text AS id FROM by_buckets ORDER BY 1`;
    expect(left.map(({ id }) => id)).toEqual(source);
  });

  it('of an empty source, or one that shrank too far, is refused with both counts', async () => {
    await run('shrinking', rows(0, 100));
    const { table } = {
      table: await defineTable(target, {
        name: parseTableName('shrinking'),
        columns,
        keyColumns: ['id'],
        loadMode: 'replace',
      }),
    };
    const check = (given: number, maxShrink = 0.5): Promise<void> =>
      checkShrink(target, { table, rows: given, maxShrink });
    await expect(check(0, 1)).rejects.toThrow(/has 100 rows and the source 0/);
    await expect(check(49)).rejects.toThrow(/more than 50 %.*--force/);
    await expect(check(50)).resolves.toBeUndefined();
  });
});

describe('verification', () => {
  it('by key and value by value finds every row', async () => {
    expect(await run('verified', rows(0, 4500), { verify: 'count' })).toMatchObject({ verified: 'count: 4,500 rows' });
    expect(await run('verified', rows(0, 4500), { verify: 'full' })).toMatchObject({ verified: 'full: 4,500 rows' });
  });

  it('value by value notices one value that something else changed', async () => {
    await target.sql`
      CREATE TABLE rounding (uuid_id uuid PRIMARY KEY, id bigint NOT NULL UNIQUE, name varchar(200), amount numeric(38,2), extra jsonb)`;
    await run('rounding', rows(0, 3000), { verify: 'full' });
    await target.sql`DELETE FROM rounding WHERE id = 7`;
    const again = run('rounding', rows(0, 0), { verify: 'full', rowsLoaded: 1 });
    await expect(again).rejects.toThrow(
      /Of 1 rows loaded into rounding only 0 are there with the values that were read/,
    );
  });
});

describe('indexes', () => {
  it('are built after the load and waited for', async () => {
    await run('indexed', rows(0, 3000), { indexes: [{ columns: ['name'], unique: false }] });
    const found = await target.sql`
      SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'indexed_name_idx'`;
    expect(found).toMatchObject([{ indisvalid: true }]);
    await run('indexed', rows(0, 10), { indexes: [{ columns: ['name'], unique: false }] });
  });

  it("that cannot be unique fail with the database's words, the rows loaded", async () => {
    const same = `SELECT * REPLACE ('same' AS name) FROM (${rows(0, 10)})`;
    await expect(run('not_unique', same, { indexes: [{ columns: ['name'], unique: true }] })).rejects.toThrow(
      /Index not_unique_name_key on not_unique could not be built.*The rows are loaded/s,
    );
    expect(await idsOf('not_unique')).toMatchObject({ n: '10' });
  });

  it('have names that PostgreSQL does not cut', () => {
    const table = { schema: 'public', table: 'a_rather_long_name_of_a_table_with_words' };
    const name = indexName(table, { columns: ['first_long_column_name', 'second_long_column'], unique: false });
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(name).not.toBe(
      indexName(table, { columns: ['first_long_column_name', 'second_long_other'], unique: false }),
    );
  });
});
