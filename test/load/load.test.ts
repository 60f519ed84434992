import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
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

interface Case {
  readonly table: string;
  readonly columns: readonly Column[];
  readonly queries: readonly string[];
  readonly mode?: 'insert' | 'upsert';
  readonly keys?: readonly string[];
  readonly runId?: string;
  readonly batchRows?: number;
  readonly sql?: LocalTarget['sql'];
  readonly latestBy?: string;
  readonly again?: boolean;
}

let runs = 0;

async function loadCase(given: Case): Promise<LoadResult> {
  runs += 1;
  const chunks = await chunkFiles(`${target.folder}/load-${runs}`, given.columns, given.queries);
  const sql = given.sql ?? target.sql;
  const keyColumns = given.keys ?? [];
  const loadMode = given.mode ?? 'insert';
  const demand = { name: parseTableName(given.table), columns: given.columns, keyColumns, loadMode };
  const table = await defineTable({ ...target, sql }, demand);
  return await load({
    ...chunks,
    target: { ...target, sql },
    fence,
    runId: given.runId ?? `run-${runs}`,
    pipelineName: 'test',
    table,
    loadMode,
    keyColumns,
    latestBy: given.latestBy,
    batchRows: given.batchRows ?? 2000,
    connections: 4,
    again: given.again ?? false,
    wasEmpty: false,
  });
}

const columns: readonly Column[] = [
  { name: 'uuid_id', type: 'uuid' },
  { name: 'id', type: 'bigint' },
  { name: 'name', type: 'text' },
];
const rows = (from: number, to: number, name = "'n' || i"): string =>
  `SELECT CAST(md5(CAST(i AS VARCHAR)) AS UUID) AS uuid_id, i AS id, ${name} AS name FROM range(${from}, ${to}) t(i)`;

describe('loading chunks', () => {
  it('inserts every row, batch by batch, each with its ledger row', async () => {
    const result = await loadCase({
      table: 'plain',
      columns,
      queries: [rows(0, 5000), rows(5000, 7500)],
      runId: 'plain',
    });
    expect(result).toEqual({ rows_inserted: 7500, rows_updated: 0, rows_unchanged: 0, rows_rejected: 0 });
    expect(await target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM plain`).toMatchObject([
      { n: '7500', ids: '7500' },
    ]);
    const ledger = await target.sql<{ readonly chunk: number; readonly batch: string; readonly rows_loaded: number }[]>`
      SELECT chunk, batch, rows_loaded FROM etl_load_ledger WHERE run_id = 'plain' ORDER BY chunk, batch`;
    const rowsOf = (chunk: number): readonly number[] =>
      ledger.filter((entry) => Number(entry.chunk) === chunk).map((entry) => Number(entry.rows_loaded));
    expect(ledger.map((entry) => `${entry.chunk}/${entry.batch}`)).toEqual(['0/0', '0/1', '0/2', '1/0', '1/1']);
    expect([rowsOf(0), rowsOf(1)].map((batches) => batches.reduce((sum, count) => sum + count, 0))).toEqual([
      5000, 2500,
    ]);
    expect(Math.max(...rowsOf(0), ...rowsOf(1))).toBeLessThanOrEqual(2000);
  });

  it('writes each batch into a range of ids of its own', async () => {
    await loadCase({ table: 'ranges', columns, queries: [rows(0, 20_000)], runId: 'ranges' });
    const found = await target.sql<{ readonly first: string; readonly last: string; readonly n: number }[]>`
      SELECT min(uuid_id::text) AS first, max(uuid_id::text) AS last, count(*)::int AS n
        FROM ranges GROUP BY xmin::text ORDER BY 1`;
    expect(found.length).toBeGreaterThanOrEqual(10);
    for (const [index, batch] of found.entries()) {
      expect(Number(batch.n)).toBeLessThanOrEqual(2000);
      expect(batch.first > (found[index - 1]?.last ?? '')).toBe(true);
    }
  });

  it('cuts by place where many rows have neighbouring ids', async () => {
    const query = `SELECT CAST(format('00000000-0000-8000-8000-{:012d}', i) AS UUID) AS uuid_id, i AS id, 'n' AS name FROM range(9000) t(i)`;
    const result = await loadCase({ table: 'neighbours', columns, queries: [query], runId: 'neighbours' });
    expect(result.rows_inserted).toBe(9000);
    const ledger = await target.sql`
      SELECT batch, rows_loaded::int FROM etl_load_ledger WHERE run_id = 'neighbours' ORDER BY batch`;
    expect(ledger.map((entry) => Number(entry.rows_loaded))).toEqual([2000, 2000, 2000, 2000, 1000]);
  });

  it('again under the same run loads nothing and counts the same', async () => {
    const again = await loadCase({
      table: 'plain',
      columns,
      queries: [rows(0, 5000), rows(5000, 7500)],
      runId: 'plain',
    });
    expect(again.rows_inserted).toBe(7500);
    expect(await target.sql`SELECT count(*) AS n FROM plain`).toMatchObject([{ n: '7500' }]);
  });

  it('from two loaders of the same run at once loads each row once', async () => {
    const twin: Case = { table: 'twin', columns, queries: [rows(0, 6_000)], runId: 'twin', batchRows: 500 };
    await defineTable(target, { name: parseTableName('twin'), columns, keyColumns: [], loadMode: 'insert' });
    const results = await Promise.all([loadCase(twin), loadCase({ ...twin, sql: target.connect(4) })]);
    expect(results.map((result) => result.rows_inserted)).toEqual([6_000, 6_000]);
    expect(await target.sql`SELECT count(*) AS n FROM twin`).toMatchObject([{ n: '6000' }]);
    expect(await target.sql`SELECT sum(rows_loaded) AS n FROM etl_load_ledger WHERE run_id = 'twin'`).toMatchObject([
      { n: '6000' },
    ]);
  });

  it('whose ledger speaks of other batches stops instead of guessing', async () => {
    const attempt = loadCase({ table: 'plain', columns, queries: [rows(0, 4999)], runId: 'plain' });
    await expect(attempt).rejects.toThrow(/does not agree with its chunks.*--again/s);
  });

  it.each([
    ['COPY', false],
    ['the statement with parameters', true],
  ] as const)('by %s keeps every text exactly', async (_way, again) => {
    const texts = fc.sample(fc.string({ unit: 'grapheme', maxLength: 20 }), { numRuns: 300, seed: 7 });
    const special = [
      '\\',
      '\\N',
      '\\.',
      '\t',
      '\n',
      '\r\n',
      '"',
      "'",
      '{',
      '}',
      ',',
      'NULL',
      '',
      ' ',
      '\u0001',
      '\u007f',
      '\ud7ff',
      '🦜\\n',
    ];
    const all = [...special, ...texts.filter((text) => !text.includes('\0'))];
    const list = all.map((text, i) => `(${i}, ${quoteText(text)})`).join(', ');
    const table = `texts_${again}`;
    const query = `SELECT CAST(md5(CAST(i AS VARCHAR)) AS UUID) AS uuid_id, i::BIGINT AS id, name FROM (VALUES ${list}) v(i, name)`;
    await loadCase({ table, columns, queries: [query], again });
    const loaded = await target.sql.unsafe<{ readonly name: string }[]>(`SELECT name FROM ${table} ORDER BY id`);
    expect(loaded.map((row) => row.name)).toEqual(all);
  });

  it.each([
    ['COPY', false],
    ['the statement with parameters', true],
  ] as const)('by %s takes columns whose names the rendering itself uses', async (_way, again) => {
    const names = [
      'n',
      'first',
      'rows',
      'lines',
      'bytes',
      'size',
      'c0',
      'c1',
      'o',
      's',
      'w',
      'file_row_number',
      'range',
    ];
    const kinds: readonly Column[] = [
      { name: 'uuid_id', type: 'uuid' },
      ...names.map((name) => ({ name, type: 'text' })),
    ];
    const values = names.map((name, i) => `'${name}' || (i * ${i + 1}) % 7 AS "${name}"`).join(', ');
    const wide = `SELECT CAST(md5(CAST(i AS VARCHAR)) AS UUID) AS uuid_id, ${values.replace("'n'", "repeat('n', 9000)")} FROM range(2500) t(i)`;
    const narrow = `SELECT CAST(md5('b' || i) AS UUID) AS uuid_id, ${values} FROM range(2500) t(i)`;
    const table = `odd_names_${again}`;
    const result = await loadCase({ table, columns: kinds, queries: [wide, narrow], again });
    expect(result.rows_inserted).toBe(5_000);
    const expected = names.map(
      (name) => `right("${name}", 2) ~ '^.[0-6]$' AND right("${name}", 2) LIKE '${name.at(-1)}%'`,
    );
    const [found] = await target.sql.unsafe(
      `SELECT count(*) FILTER (WHERE ${expected.join(' AND ')}) AS right, count(*) FILTER (WHERE length(n) > 9000) AS wide FROM ${table}`,
    );
    expect(found).toEqual({ right: '5000', wide: '2500' });
  });

  it('into a view, which takes no COPY, works as well', async () => {
    await target.sql`CREATE TABLE behind (uuid_id uuid PRIMARY KEY, id bigint, name text)`;
    await target.sql`CREATE VIEW front AS SELECT uuid_id, id, name FROM behind`;
    const result = await loadCase({ table: 'front', columns, queries: [rows(0, 3_000)] });
    expect(result.rows_inserted).toBe(3_000);
    expect(await target.sql`SELECT count(DISTINCT id) AS n FROM behind`).toMatchObject([{ n: '3000' }]);
  });

  it.each([
    ['COPY', false],
    ['the statement with parameters', true],
  ] as const)('by %s keeps every kind of value exactly', async (_way, again) => {
    const kinds: readonly Column[] = [
      { name: 'uuid_id', type: 'uuid' },
      { name: 'text', type: 'text' },
      { name: 'number', type: 'numeric(38,10)' },
      { name: 'big', type: 'bigint' },
      { name: 'real', type: 'double precision' },
      { name: 'flag', type: 'boolean' },
      { name: 'day', type: 'date' },
      { name: 'moment', type: 'timestamptz' },
      { name: 'json', type: 'jsonb' },
    ];
    const query = `SELECT * FROM (VALUES
      ('00000000-0000-8000-8000-000000000001'::UUID, 'a"b\\c{},NULL' || chr(10) || '日本🦜', 12345678901234567890.0123456789::DECIMAL(38,10),
       9223372036854775807, 'NaN'::DOUBLE, true, DATE '0001-01-01', TIMESTAMPTZ '2025-01-02 03:04:05.678901+00', '{"a": "x\\"y", "n": 1.10}'),
      ('00000000-0000-8000-8000-000000000002'::UUID, '', -0.0000000001::DECIMAL(38,10), -9223372036854775808, '-Infinity'::DOUBLE, false,
       DATE '9999-12-31', TIMESTAMPTZ '1970-01-01 00:00:00+00', '[]'),
      ('00000000-0000-8000-8000-000000000003'::UUID, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    ) v(uuid_id, text, number, big, real, flag, day, moment, json)`;
    const table = `kinds_${again}`;
    await loadCase({ table, columns: kinds, queries: [query], again });
    const loaded = await target.sql.unsafe(
      `SELECT text, number, big, real, flag, day, moment, json::text AS json FROM ${table} ORDER BY uuid_id`,
    );
    expect(loaded).toMatchObject([
      {
        text: 'a"b\\c{},NULL\n日本🦜',
        number: '12345678901234567890.0123456789',
        big: '9223372036854775807',
        real: 'NaN',
        flag: true,
        day: '0001-01-01',
        moment: '2025-01-02 03:04:05.678901+00',
        json: '{"a": "x\\"y", "n": 1.10}',
      },
      {
        text: '',
        number: '-0.0000000001',
        big: '-9223372036854775808',
        real: '-Infinity',
        flag: false,
        day: '9999-12-31',
        moment: '1970-01-01 00:00:00+00',
        json: '[]',
      },
      { text: null, number: null, big: null, real: null, flag: null, day: null, moment: null, json: null },
    ]);
  });
});

describe('an upsert', () => {
  const upsert = (query: string): Promise<LoadResult> =>
    loadCase({ table: 'people', columns, queries: [query], mode: 'upsert', keys: ['id'] });

  it('tells inserted, updated and unchanged rows apart, and keeps ids and creation times', async () => {
    expect(await upsert(rows(0, 3000))).toMatchObject({ rows_inserted: 3000, rows_updated: 0, rows_unchanged: 0 });
    const before = await target.sql`SELECT id, uuid_id, created_at, updated_at FROM people ORDER BY id`;
    const changed = `CASE WHEN i % 10 = 0 THEN 'new' ELSE 'n' || i END`;
    expect(await upsert(rows(1000, 3500, changed))).toEqual({
      rows_inserted: 500,
      rows_updated: 200,
      rows_unchanged: 1800,
      rows_rejected: 0,
    });
    const after = await target.sql`SELECT id, uuid_id, created_at, updated_at FROM people WHERE id < 3000 ORDER BY id`;
    expect(after.map((row) => [row.uuid_id, row.created_at])).toEqual(
      before.map((row) => [row.uuid_id, row.created_at]),
    );
    const moved = after
      .filter((row, index) => row.updated_at !== before[index]?.updated_at)
      .map((row) => Number(row.id));
    expect(moved).toEqual(Array.from({ length: 200 }, (_, index) => 1000 + index * 10));
  });

  it('into a table without a unique key on the key columns says what to do', async () => {
    await target.sql`CREATE TABLE loose (id bigint, name text)`;
    const attempt = loadCase({ table: 'loose', columns, queries: [rows(0, 1)], mode: 'upsert', keys: ['id'] });
    await expect(attempt).rejects.toThrow(/no unique key on \(id\).*CREATE UNIQUE INDEX ASYNC/s);
  });
});

describe('rows that the database refuses', () => {
  it('are rejected alone with its own words, and the others load', async () => {
    await target.sql`CREATE TABLE strict (id bigint PRIMARY KEY, name text UNIQUE)`;
    await target.sql`INSERT INTO strict VALUES (-1, 'n77')`;
    const name = `CASE WHEN i = 5 THEN (SELECT string_agg(md5(j::VARCHAR), '') FROM range(200) r(j)) WHEN i = 1500 THEN repeat('y', 1100000) ELSE 'n' || i END`;
    const before = await target.sql`SELECT count(*) AS n FROM etl_load_ledger`;
    const result = await loadCase({ table: 'strict', columns, queries: [rows(0, 2000, name)], runId: 'strict' });
    expect(result).toEqual({ rows_inserted: 1997, rows_updated: 0, rows_unchanged: 0, rows_rejected: 3 });
    const rejected = await target.sql`
      SELECT reason, row->>'id' AS id FROM etl_rejected_row WHERE run_id = 'strict' ORDER BY 2`;
    expect(rejected.map((row) => row.id)).toEqual(['1500', '5', '77']);
    expect(rejected.map((row) => row.reason).join('\n')).toMatch(/duplicate key value violates unique constraint/);
    expect(rejected.map((row) => row.reason).join('\n')).not.toMatch(/xxxx|yyyy/);
    const after = await target.sql`SELECT count(*) AS n FROM etl_load_ledger`;
    expect(Number(after[0]?.n) - Number(before[0]?.n)).toBeLessThanOrEqual(3 * 11 + 1);
  });
});

describe('wide rows', () => {
  it('are cut into batches that stay under what DSQL allows in a transaction', async () => {
    const name = `repeat('w', CASE WHEN i % 3 = 0 THEN 100 WHEN i % 3 = 1 THEN 10000 ELSE 900000 END)`;
    const result = await loadCase({ table: 'wide', columns, queries: [rows(0, 60, name)], runId: 'wide' });
    expect(result.rows_inserted).toBe(60);
    const ledger = await target.sql`SELECT count(*) AS n FROM etl_load_ledger WHERE run_id = 'wide'`;
    expect(Number(ledger[0]?.n)).toBeGreaterThanOrEqual(3);
  });
});

describe('an upsert by the latest value', () => {
  it('never lets an older row overwrite a newer one, whatever the order of arrival', async () => {
    const dated: readonly Column[] = [...columns, { name: 'changed', type: 'timestamp' }];
    const version = (name: string, day: string): string =>
      `SELECT CAST(md5('1') AS UUID) AS uuid_id, 1::BIGINT AS id, '${name}' AS name, TIMESTAMP '2025-01-${day}' AS changed`;
    const upsert = (query: string): Promise<LoadResult> =>
      loadCase({ table: 'dated', columns: dated, queries: [query], mode: 'upsert', keys: ['id'], latestBy: 'changed' });
    expect(await upsert(version('second', '02'))).toMatchObject({ rows_inserted: 1 });
    expect(await upsert(version('first', '01'))).toMatchObject({ rows_unchanged: 1, rows_updated: 0 });
    expect(await target.sql`SELECT name FROM dated`).toMatchObject([{ name: 'second' }]);
    expect(await upsert(version('third', '03'))).toMatchObject({ rows_updated: 1 });
    expect(await target.sql`SELECT name FROM dated`).toMatchObject([{ name: 'third' }]);
  });
});

describe('an insert of rows whose keys are in the table already', () => {
  const keyed: Case = { table: 'keyed', columns, queries: [rows(0, 8_000)], keys: ['id'] };

  it("refuses those rows with the database's words and adds the others, without a transaction for each", async () => {
    expect(await loadCase(keyed)).toMatchObject({ rows_inserted: 8_000 });
    const result = await loadCase({ ...keyed, queries: [rows(1_000, 9_000)], runId: 'overlap' });
    expect(result).toEqual({ rows_inserted: 1_000, rows_updated: 0, rows_unchanged: 0, rows_rejected: 7_000 });
    const rejected = await target.sql`
      SELECT count(*) AS n, count(DISTINCT row->>'id') AS ids, min(reason) AS reason FROM etl_rejected_row WHERE run_id = 'overlap'`;
    expect(rejected).toMatchObject([{ n: '7000', ids: '7000' }]);
    expect(rejected[0]?.reason).toMatch(/duplicate key value violates unique constraint/);
    const ledger = await target.sql`SELECT count(*) AS n FROM etl_load_ledger WHERE run_id = 'overlap'`;
    expect(ledger).toMatchObject([{ n: '5' }]);
  });

  it('of a source that was loaded before counts them as unchanged', async () => {
    const result = await loadCase({ ...keyed, again: true });
    expect(result).toEqual({ rows_inserted: 0, rows_updated: 0, rows_unchanged: 8_000, rows_rejected: 0 });
  });
});
