import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rule } from '../../lib/config/business-rule.ts';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

test('rows that repeat an earlier one in every column are dropped and counted; the first stays', async () => {
  const input = { format: 'csv', content: 'a,b\n1,x\n2,y\n1,x\n1,\n1,""\n1,x\n' } as const;
  const dropped = await runTransform(input, { deduplicate: true });
  expect(withoutService(dropped.rows)).toEqual([
    { a: '1', b: 'x' },
    { a: '2', b: 'y' },
    { a: '1', b: '' },
    { a: '1', b: '' },
  ]);
  expect(dropped.manifest.counts).toMatchObject({ rows_read: 6, rows_deduplicated: 2, rows_clean: 4 });
  expect((await runTransform(input, { deduplicate: false })).rows).toHaveLength(6);
});

test('required columns default to id where there is one; missing and blank values are rejected before blanks are filled', async () => {
  const input = { format: 'csv', content: 'id,name\n1,\n,x\n  ,y\n' } as const;
  const byDefault = await runTransform(input);
  expect(byDefault.rejected.map((row) => [row.row_number, row.column_name, row.reason])).toEqual([
    [3, 'id', 'is required and has no value'],
    [4, 'id', 'is required and has no value'],
  ]);
  const named = await runTransform(input, { required_columns: ['name'] });
  expect(named.rejected.map((row) => row.row_number)).toEqual([2]);
  const declared = await runTransform(input, { columns: { name: { required: true } } });
  expect(declared.rejected.map((row) => [row.row_number, row.column_name])).toEqual([
    [2, 'name'],
    [3, 'id'],
    [4, 'id'],
  ]);
});

test('of rows with one key, upsert keeps the last and insert the first', async () => {
  const input = { format: 'csv', content: 'k,v\na,1\n\nb,2\na,3\nb,4\na,5\n' } as const;
  const upsert = await runTransform(input, { key_columns: ['k'], load_mode: 'upsert' });
  expect(withoutService(upsert.rows)).toEqual([
    { k: 'b', v: '4' },
    { k: 'a', v: '5' },
  ]);
  expect(upsert.manifest.counts).toMatchObject({ rows_read: 5, rows_deduplicated: 3, rows_rejected: 0 });
  const insert = await runTransform(input, { key_columns: ['k'], load_mode: 'insert' });
  expect(withoutService(insert.rows)).toEqual([
    { k: 'a', v: '1' },
    { k: 'b', v: '2' },
  ]);
  expect(insert.rejected.map((row) => [row.row_number, row.column_name, row.reason])).toEqual([
    [5, 'k', 'the same key as row 2'],
    [6, 'k', 'the same key as row 4'],
    [7, 'k', 'the same key as row 2'],
  ]);
});

test('latest_by decides between rows with one key, whatever their order', async () => {
  const input = {
    format: 'csv',
    content: 'k,at,v\na,2024-01-02,1\na,2024-01-01,2\nb,,3\nb,2024-01-01,4\nc,,5\nc,,6\n',
  } as const;
  const { rows } = await runTransform(input, { key_columns: ['k'], load_mode: 'upsert', latest_by: 'at' });
  expect(rows.map((row) => row.v)).toEqual(['1', '4', '6']);
  await expect(runTransform(input, { key_columns: ['k'], load_mode: 'upsert', latest_by: 'ta' })).rejects.toThrow(
    'latest_by names ta',
  );
});

test('a filtered row supersedes no other, and keys may be made by rules', async () => {
  const { rows } = await runTransform(
    { format: 'csv', content: 'k,v\na,1\nA,2\nb,3\na,9\n' },
    {
      key_columns: ['key'],
      load_mode: 'upsert',
      business_rules: [
        { type: 'filter', condition: 'v < 9' },
        { type: 'enrich', new_column: 'key', logic: 'lower(k)' },
      ],
    },
  );
  expect(rows.map((row) => [row.key, row.v])).toEqual([
    ['a', '2'],
    ['b', '3'],
  ]);
});

test('an id of a key is the same in every run, source and numeric type; different keys never share one', async () => {
  const ids = async (content: string, keys: readonly string[], format: 'csv' | 'ndjson' = 'csv') =>
    (await runTransform({ format, content }, { key_columns: [...keys] })).rows.map((row) => row.uuid_id);
  const [one] = await ids('k,v\n1,x\n', ['k']);
  expect(await ids('v,k\ny,0\nz,1\n', ['k'])).toContain(one);
  expect(await ids('k\n1.00\n2.5\n', ['k'])).toContain(one);
  expect(await ids('{"k":1}\n{"k":"x"}', ['k'], 'ndjson')).toContain(one);
  expect(await ids('k\n1.0e0\n1e400000\n', ['k'])).not.toContain(one);
  const pairs = ['a,bc', 'ab,c', '"a,b",c', 'a,"b,c"', '"1:a",b', 'a,1:b', '"",x'].map((pair) => pair);
  const made = await ids(`p,q\n${pairs.slice(0, -1).join('\n')}\n`, ['p', 'q']);
  expect(new Set(made).size).toBe(pairs.length - 1);
  for (const id of made) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test('without key columns an id depends on the content of the source and the place of the row', async () => {
  const ids = async (content: string) =>
    (await runTransform({ format: 'csv', content })).rows.map((row) => row.uuid_id);
  const first = await ids('a\n1\n1\n2\n');
  expect(new Set(first).size).toBe(3);
  expect(await ids('a\n1\n1\n2\n')).toEqual(first);
  expect(new Set([...first, ...(await ids('a\n1\n1\n3\n'))]).size).toBe(6);
});

test('chunks are cut at the same rows every time, whatever the threads, and every row is in one of them', async () => {
  const content = `n,v\n${Array.from({ length: 10_001 }, (_, i) => `${i},${i % 7 === 0 ? '' : i}`).join('\n')}\n`;
  const settings = { required_columns: ['v'] };
  const one = await runTransform({ format: 'csv', content }, settings, { chunkRows: 1000, threads: 1 });
  const two = await runTransform({ format: 'csv', content }, settings, { chunkRows: 1000, threads: 2 });
  expect(two.rows).toEqual(one.rows);
  expect(two.rejected).toEqual(one.rejected);
  expect(one.manifest.chunks.map((chunk) => chunk.rows)).toEqual([...Array(8).fill(1000), 572]);
  expect(one.manifest.chunks[3]?.location).toBe('runs/r1/clean/part-00003.parquet');
  expect(one.rows.map((row) => Number(row.n))).toEqual(
    Array.from({ length: 10_001 }, (_, i) => i).filter((i) => i % 7 !== 0),
  );
  const single = await runTransform({ format: 'csv', content: 'a\n1\n2\n' }, {}, { chunkRows: 1 });
  expect(single.manifest.chunks.map((chunk) => chunk.rows)).toEqual([1, 1]);
});

test('a value, a row or a NUL that no table takes is a rejected row, also where a rule has made it', async () => {
  const mebi = 2 ** 20;
  const lines = [
    'id,a,b',
    `1,${'x'.repeat(mebi)},`,
    `2,${'x'.repeat(mebi + 1)},`,
    `3,${'x'.repeat(mebi)},${'y'.repeat(mebi)}`,
    '4,nul,',
    `5,big,${'z'.repeat(mebi - 9)}`,
    '6,z,',
  ];
  const { manifest, rejected } = await runTransform(
    { format: 'csv', content: `${lines.join('\n')}\n` },
    {
      blank_text: 'keep',
      business_rules: [
        { type: 'enrich', new_column: 'n', logic: "case when a = 'nul' then 'a' || chr(0) else 'b' end" },
        { type: 'enrich', new_column: 'm', logic: "case when a = 'big' then b || 'more than fits' else 'b' end" },
      ],
    },
  );
  expect(rejected.map((row) => [row.row_number, row.column_name])).toEqual([
    [3, 'a'],
    [4, null],
    [5, 'n'],
    [6, 'm'],
  ]);
  expect(manifest.counts).toMatchObject({ rows_read: 6, rows_clean: 2, rows_rejected: 4 });
});

test('whatever the rows and settings, the counts add up and clean rows are in order', async () => {
  const value = fc.constantFrom('', '1', '2', '007', 'x', '1.5', '2024-01-01', ' ', 'true', '"a,b"', '-3');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(value, value, value), { maxLength: 12 }),
      fc.record({
        deduplicate: fc.boolean(),
        load_mode: fc.constantFrom('insert' as const, 'upsert' as const),
        key_columns: fc.constantFrom<string[]>([], ['p'], ['q', 'p']),
        required_columns: fc.constantFrom<string[]>([], ['q']),
        blank_text: fc.constantFrom('empty' as const, 'keep' as const),
        columns: fc.constantFrom({}, { p: 'integer' as const }, { q: 'numeric(3,1)' as const }),
        business_rules: fc.constantFrom<Rule[]>(
          [],
          [{ type: 'filter', condition: "r <> 'x'" }],
          [{ type: 'enrich', new_column: 'd', logic: '10 / cast(r as integer)' }],
        ),
      }),
      async (table, settings) => {
        const broken = 'only,two\n';
        const content = `p,q,r\n${table.map((row) => `${row.join(',')}\n`).join('')}${broken}`;
        let outcome: Awaited<ReturnType<typeof runTransform>>;
        try {
          outcome = await runTransform({ format: 'csv', content }, settings, { chunkRows: 4 });
        } catch (error) {
          expect((error as Error).name).toBe('BadRuleError');
          return;
        }
        const { counts } = outcome.manifest;
        expect(counts.rows_read).toBe(table.length + 1);
        expect(counts.rows_filtered + counts.rows_deduplicated + counts.rows_rejected + counts.rows_clean).toBe(
          counts.rows_read,
        );
        expect(outcome.rejected).toHaveLength(counts.rows_rejected);
        expect(outcome.rows).toHaveLength(counts.rows_clean);
        expect(new Set(outcome.rows.map((row) => row.uuid_id)).size).toBe(counts.rows_clean);
      },
    ),
    { numRuns: 12 },
  );
});

test('Parquet keeps its own types; lists and structs become jsonb; what PostgreSQL cannot hold is rejected', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder, threads: 1 });
  try {
    const a = join(folder, 'a.parquet');
    const b = join(folder, 'b.parquet');
    await session.run(
      `COPY (SELECT * FROM (VALUES
        (1::INTEGER, '007', 1.5::DECIMAL(10,3), true, DATE '2024-01-02', TIMESTAMPTZ '2024-01-02 03:04:05+00', [1, 2], {x: 'y'}, 18446744073709551615::UBIGINT, 'ab'::BLOB, 2.5::FLOAT, TIMESTAMP_NS '2024-01-02 03:04:05.123456', TIMESTAMP_NS '2024-01-02 03:04:05.123456789'),
        (2, chr(0) || 'nul', NULL, NULL, DATE '2024-01-02', NULL, NULL, NULL, NULL, NULL, 'NaN', NULL, NULL)
      ) t("ID", zip, amount, ok, d, ts, list, obj, huge, bytes, f, micros, nanos)) TO ${quoteText(a)} (FORMAT parquet)`,
    );
    await session.run(`COPY (SELECT 3 AS "ID", 'new' AS extra) TO ${quoteText(b)} (FORMAT parquet)`);
    const { manifest, rows, rejected } = await runTransform([
      { format: 'parquet', path: a },
      { format: 'parquet', path: b },
    ]);
    expect(typesOf(manifest)).toEqual({
      id: 'integer',
      zip: 'text',
      amount: 'numeric(10,3)',
      ok: 'boolean',
      d: 'date',
      ts: 'timestamptz',
      list: 'jsonb',
      obj: 'jsonb',
      huge: 'numeric(20,0)',
      bytes: 'bytea',
      f: 'real',
      micros: 'timestamp',
      nanos: 'text',
      extra: 'text',
    });
    expect(withoutService(rows)[0]).toEqual({
      id: 1,
      zip: '007',
      amount: '1.500',
      ok: true,
      d: '2024-01-02',
      ts: '2024-01-02 03:04:05+00',
      list: '[1,2]',
      obj: '{"x":"y"}',
      huge: '18446744073709551615',
      bytes: '\\x6162',
      f: 2.5,
      micros: '2024-01-02 03:04:05.123456',
      nanos: '2024-01-02 03:04:05.123456789',
      extra: '',
    });
    expect(rows[1]).toMatchObject({ id: 3, extra: 'new', amount: null });
    expect(rejected).toMatchObject([{ source: 'input-0', row_number: 2, column_name: 'zip' }]);
    await expect(runTransform({ format: 'parquet', content: 'no parquet' })).rejects.toThrow(
      /input-0: this is no Parquet file/,
    );
  } finally {
    session.close();
    await rm(folder, { recursive: true });
  }
});

test('rows that extract rejected are counted and passed on', async () => {
  const row = { source: 'a', row_number: 7, column_name: null, reason: 'cut off', row: { raw: '{' } };
  const { manifest, rejected } = await runTransform({ format: 'csv', content: 'a,b\n1,2\n3\n' }, {}, {}, [
    row,
    { ...row, row_number: 8 },
  ]);
  expect(manifest.counts).toMatchObject({ rows_read: 4, rows_rejected: 3, rows_clean: 1 });
  expect(rejected.map((one) => one.row_number)).toEqual([7, 8, 3]);
});

test('progress tells rows by stage, and the scratch folder is left as it was', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scratch-'));
  try {
    const stages: string[] = [];
    await runTransform(
      { format: 'csv', content: 'a\n1\n' },
      {},
      {
        scratchDir: folder,
        onProgress: ({ stage, rows }) => stages.push(`${stage} ${rows}`),
      },
    );
    expect(stages).toEqual(['read 1', 'clean 1']);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('an abort ends the stage with the reason of the signal and leaves nothing in the scratch folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scratch-'));
  try {
    const controller = new AbortController();
    const content = `a\n${'x,y\n'.repeat(200_000).replaceAll(',', ' ')}`;
    const run = runTransform(
      { format: 'csv', content },
      {},
      {
        scratchDir: folder,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('stopped by hand')),
      },
    );
    await expect(run).rejects.toThrow('stopped by hand');
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('parts of different formats and too many columns are clear errors', async () => {
  await expect(
    runTransform([
      { format: 'csv', content: 'a\n1\n' },
      { format: 'ndjson', content: '{"a":1}' },
    ]),
  ).rejects.toThrow(/input-1: this is ndjson and other files of the source are not/);
  const wide = Array.from({ length: 252 }, (_, i) => `c${i}`).join(',');
  await expect(runTransform({ format: 'csv', content: `${wide}\n` })).rejects.toThrow(/would have 256 columns.*255/);
});
