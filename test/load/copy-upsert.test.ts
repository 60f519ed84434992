import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadMode } from '../../lib/config/load-mode.ts';
import type { Sql } from '../../lib/dsql/connect.ts';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import { defineTable } from '../../lib/load/define-table.ts';
import { type LoadResult, load } from '../../lib/load/load.ts';
import type { Column } from '../../lib/manifest.ts';
import type { Fence } from '../../lib/state/fence.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { chunkFiles } from '../support/chunk-files.ts';
import { heldLease } from '../support/held-lease.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;
let fence: Fence;

beforeAll(async () => {
  target = await localTarget();
  await ensureServiceTables(target);
  fence = await heldLease(target, 'load');
});

afterAll(async () => {
  await target.remove();
});

const columns: readonly Column[] = [
  { name: 'uuid_id', type: 'uuid' },
  { name: 'id', type: 'bigint' },
  { name: 'name', type: 'text' },
];
const rows = (from: number, to: number, name = "'n' || i"): string =>
  `SELECT CAST(md5(CAST(i AS VARCHAR)) AS UUID) AS uuid_id, i AS id, ${name} AS name FROM range(${from}, ${to}) t(i)`;

/** A pool that counts the batches which were given to COPY. */
function counting(): { readonly sql: Sql; readonly copies: () => number } {
  let copies = 0;
  const begin: Sql['begin'] = async (work) =>
    await target.sql.begin(
      async (transaction) =>
        await work(
          Object.assign((...args: Parameters<typeof transaction>) => transaction(...args), transaction, {
            copy: async (statement: string, lines: Iterable<Uint8Array>) => {
              copies += 1;
              return await transaction.copy(statement, lines);
            },
          }) as typeof transaction,
        ),
    );
  const sql = Object.assign((...args: Parameters<Sql>) => target.sql(...args), target.sql, { begin }) as Sql;
  return { sql, copies: () => copies };
}

let runs = 0;

async function upsert(
  table: string,
  queries: readonly string[],
  how: { readonly wasEmpty: boolean; readonly sql?: Sql; readonly mode?: LoadMode; readonly runId?: string },
): Promise<LoadResult> {
  runs += 1;
  const loadMode = how.mode ?? 'upsert';
  const demand = { name: parseTableName(table), columns, keyColumns: ['id'], loadMode };
  return await load({
    ...(await chunkFiles(`${target.folder}/copy-${runs}`, columns, queries)),
    target: { ...target, sql: how.sql ?? target.sql },
    fence,
    runId: how.runId ?? `copy-${runs}`,
    pipelineName: 'test',
    table: await defineTable(target, demand),
    loadMode,
    keyColumns: ['id'],
    batchRows: 2_000,
    // One after another, so that it is known which batches come behind one that met a key.
    connections: 1,
    again: false,
    wasEmpty: how.wasEmpty,
  });
}

describe('an upsert into a table that was empty', () => {
  it.each(['upsert', 'replace'] as const)('goes by COPY: %s', async (mode) => {
    const { copies, sql } = counting();
    const result = await upsert(`empty_${mode}`, [rows(0, 5_000)], { wasEmpty: true, sql, mode });
    expect(result).toEqual({ rows_inserted: 5_000, rows_updated: 0, rows_unchanged: 0, rows_rejected: 0 });
    expect(copies()).toBe(3);
    const repeated = counting();
    expect(await upsert(`empty_${mode}`, [rows(0, 5_000)], { wasEmpty: false, sql: repeated.sql, mode })).toEqual({
      rows_inserted: 0,
      rows_updated: 0,
      rows_unchanged: 5_000,
      rows_rejected: 0,
    });
    expect(repeated.copies()).toBe(0);
  });

  it('goes by the statement from the batch on that meets a key which somebody else has written', async () => {
    await upsert('met', [rows(10, 11, "'theirs'"), rows(6_000, 6_001)], { wasEmpty: false });
    const { copies, sql } = counting();
    const queries = [rows(0, 4_000), rows(4_000, 8_000), rows(8_000, 12_000)];
    const result = await upsert('met', queries, { wasEmpty: true, sql, runId: 'met' });
    expect(result).toEqual({ rows_inserted: 11_998, rows_updated: 1, rows_unchanged: 1, rows_rejected: 0 });
    // What was rendered for COPY already is still tried by it: the first chunk, and the second, which is rendered ahead.
    expect(copies()).toBeGreaterThan(0);
    expect(copies()).toBeLessThan(7);
    expect(await target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM met WHERE name = 'n' || id`).toEqual([
      { n: '12000', ids: '12000' },
    ]);
    const ledger = await target.sql`
      SELECT sum(rows_inserted) AS inserted, sum(rows_updated) AS updated, sum(rows_loaded) AS loaded
        FROM etl_load_ledger WHERE run_id = 'met'`;
    expect(ledger).toEqual([{ inserted: '11998', updated: '1', loaded: '12000' }]);
  });

  it('that is repeated under its run writes nothing and counts the same', async () => {
    const first = await upsert('again', [rows(0, 5_000)], { wasEmpty: true, runId: 'again' });
    const { copies, sql } = counting();
    expect(await upsert('again', [rows(0, 5_000)], { wasEmpty: true, runId: 'again', sql })).toEqual(first);
    expect(copies()).toBe(0);
  });
});
