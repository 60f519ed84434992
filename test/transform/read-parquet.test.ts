import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { commonType } from '../../lib/transform/read/common-type.ts';
import type { LocalPart } from '../../lib/transform/read/local-part.ts';
import { exactColumns } from '../../lib/transform/read/parquet-nanoseconds.ts';
import { readParquetSchema } from '../../lib/transform/read/parquet-schema.ts';
import { int96Times, nanosecondTimes, nestedTimes } from './support/parquet-times.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

let folder: string;
let session: DuckDbSession;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  session = await openDuckDb({ allowedDirs: [folder], tempDir: folder, threads: 1 });
});
afterAll(async () => {
  session.close();
  await rm(folder, { recursive: true });
});

/** A Parquet file of what a query gives. */
async function fileOf(query: string, name?: string): Promise<string> {
  files += 1;
  const path = join(folder, name ?? `${files}.parquet`);
  await mkdir(dirname(path), { recursive: true });
  await session.run(`COPY (${query}) TO ${quoteText(path)} (FORMAT parquet)`);
  return path;
}

async function load(...queries: readonly string[]) {
  const inputs = [];
  for (const query of queries) inputs.push({ format: 'parquet', path: await fileOf(query) } as const);
  const { manifest, rejected, rows } = await runTransform(inputs, { blank_text: 'keep' });
  return { types: typesOf(manifest), rows: withoutService(rows), rejected, manifest };
}

describe('a folder named like key=value', () => {
  it.each(['id=5', 'extra=7', 'dt=2024-01-01'])('changes nothing of what the file says: %s', async (name) => {
    const path = await fileOf("SELECT 1 AS id, TIMESTAMP '2024-01-02 10:30:00' AS dt", join(name, 'a.parquet'));
    const { rows } = await runTransform({ format: 'parquet', path });
    expect(withoutService(rows)).toEqual([{ id: 1, dt: '2024-01-02 10:30:00' }]);
  });
});

describe('a value that jsonb or text cannot hold', () => {
  it.each([
    ['NaN in a list', "[1.5, 'NaN'::DOUBLE]", '[0.5::DOUBLE]'],
    ['an infinity in a struct', "{x: 'nan', y: '-inf'::FLOAT}", "{x: 'NaN, -Infinity', y: 0.5::FLOAT}"],
    ['a NUL in a map', "MAP {'k': chr(0)}", "MAP {'k': '\\\\u0000'}"],
    ['a NUL', "'a' || chr(0)", "'\\\\u0000'"],
  ])('rejects the row, with its column and place: %s', async (_what, bad, good) => {
    const { rejected, rows } = await load(
      `SELECT * FROM (VALUES (1, ${good}), (2, ${bad}), (3, ${good})) AS t (id, v)`,
    );
    expect(rejected).toMatchObject([{ row_number: 2, column_name: 'v', source: 'input-0' }]);
    expect(rows.map(({ id }) => id)).toEqual([1, 3]);
  });
});

describe('a column whose type differs between files', () => {
  it.each([
    ['1::INTEGER', '5000000000::BIGINT', 'bigint', ['1', '5000000000']],
    ['1::BIGINT', '1.5::DOUBLE', 'double precision', [1, 1.5]],
    ['9007199254740993::BIGINT', '1.5::DOUBLE', 'text', ['9007199254740993', '1.5']],
    ['1.25::DECIMAL(10,2)', '0.1234::DECIMAL(12,4)', 'numeric(12,4)', ['1.2500', '0.1234']],
    ['3::BIGINT', '1.25::DECIMAL(10,2)', 'numeric(21,2)', ['3.00', '1.25']],
    ['18446744073709551615::UBIGINT', '-1::BIGINT', 'numeric(20,0)', ['18446744073709551615', '-1']],
    [
      "DATE '2024-01-01'",
      "TIMESTAMP '2024-01-01 10:00:00'",
      'timestamp',
      ['2024-01-01 00:00:00', '2024-01-01 10:00:00'],
    ],
    [
      "TIMESTAMP '2024-01-01'",
      "TIMESTAMP_NS '2024-01-01 00:00:01'",
      'timestamp',
      ['2024-01-01 00:00:00', '2024-01-01 00:00:01'],
    ],
    ["{'a': 1}", "{'a': 1, 'b': 'x'}", 'jsonb', ['{"a":1}', '{"a":1,"b":"x"}']],
    ['[1]', "['x']", 'jsonb', ['[1]', '["x"]']],
    ["'x'", '1', 'text', ['x', '1']],
    ['true', '1', 'text', ['true', '1']],
  ])('has one that holds all values: %s and %s', async (one, other, type, values) => {
    const { rejected, rows, types } = await load(`SELECT ${one} AS v`, `SELECT ${other} AS v`);
    expect([types.v, rows.map((row) => row.v), rejected]).toEqual([type, values, []]);
  });

  it('has the same one in whatever order the files come', () => {
    const all = [
      'TINYINT',
      'UBIGINT',
      'BIGINT',
      'DECIMAL(10,2)',
      'DOUBLE',
      'DATE',
      'TIMESTAMP',
      'VARCHAR',
      'INTEGER[]',
      'BOOLEAN',
    ];
    for (const one of all) for (const other of all) expect(commonType(one, other)).toBe(commonType(other, one));
  });
});

describe('times with nanoseconds', () => {
  const read = async (content: Buffer, more: Parameters<typeof runTransform>[2] = {}) => {
    const { manifest, rejected, rows } = await runTransform(
      { format: 'parquet', content },
      { blank_text: 'keep' },
      more,
    );
    return { types: typesOf(manifest), rows: withoutService(rows), rejected, manifest };
  };

  it('are times of microseconds where none is used, and texts where one is, whether or not they have a zone', async () => {
    const { manifest, rows, types } = await read(nanosecondTimes);
    expect(manifest.warnings).toEqual([]);
    expect(types).toEqual({
      id: 'integer',
      utc: 'timestamptz',
      utc_ns: 'text',
      local: 'timestamp',
      local_ns: 'text',
      clock: 'time',
      clock_ns: 'text',
    });
    expect(rows).toEqual([
      {
        id: 1,
        utc: '2024-01-01 00:03:05.123456+00',
        utc_ns: '2024-01-01 00:03:05.123456+00',
        local: '2024-01-01 00:03:05.123456',
        local_ns: '2024-01-01 00:03:05.123456',
        clock: '01:02:03.123456',
        clock_ns: '23:59:59.999999999',
      },
      {
        id: 2,
        utc: '2024-01-01 00:03:05.123457+00',
        utc_ns: '2024-01-01 00:03:05.123456789+00',
        local: '2024-01-01 00:03:05.123457',
        local_ns: '2024-01-01 00:03:05.123456789',
        clock: '01:02:03.123457',
        clock_ns: '01:02:03.123456789',
      },
      { id: 3, utc: null, utc_ns: null, local: null, local_ns: null, clock: null, clock_ns: null },
    ]);
  });

  it('reject their rows where the table has times', async () => {
    const types = {
      utc_ns: 'timestamp with time zone',
      local_ns: 'timestamp without time zone',
      clock_ns: 'time without time zone',
    };
    for (const [name, type] of Object.entries(types)) {
      const { rejected, rows } = await read(nanosecondTimes, { targetColumns: [{ name, type, nullable: true }] });
      expect(rejected).toMatchObject(
        (name === 'clock_ns' ? [1, 2] : [2]).map((row) => ({ row_number: row, column_name: name })),
      );
      expect(rows).toHaveLength(name === 'clock_ns' ? 1 : 2);
    }
  });

  it('of twelve bytes are read alike, in every row group', async () => {
    const { manifest, rows, types } = await read(int96Times);
    expect([types, manifest.warnings]).toEqual([{ id: 'integer', t: 'text', whole: 'timestamp' }, []]);
    expect(rows).toEqual([
      { id: 1, t: '2024-01-01 00:03:05.123456', whole: '2024-01-01 00:03:05.123456' },
      { id: 2, t: '1969-12-31 23:59:59.999999211', whole: '1970-01-01 00:00:00' },
      { id: 3, t: null, whole: null },
    ]);
  });

  it('within lists are said to be cut', async () => {
    const { manifest, rows } = await read(nestedTimes);
    expect(manifest.warnings).toEqual([expect.stringContaining('element of the Parquet file may hold nanoseconds')]);
    expect(rows).toEqual([{ id: 1, l: '["2024-01-01 00:03:05.123456+00"]' }]);
  });

  it('of a file whose description is not understood are said to be cut', async () => {
    const path = join(folder, 'odd.parquet');
    await writeFile(path, nanosecondTimes);
    const schema = await readParquetSchema(session, { path, source: 'odd.parquet' } as LocalPart);
    expect([...schema.cut]).toEqual([
      ['utc', { place: 1, stored: 'instant' }],
      ['utc_ns', { place: 2, stored: 'instant' }],
      ['clock', { place: 5, stored: 'time' }],
      ['clock_ns', { place: 6, stored: 'time' }],
    ]);
    await writeFile(
      path,
      Buffer.concat([nanosecondTimes.subarray(0, -9), Buffer.of(0x1d), nanosecondTimes.subarray(-8)]),
    );
    const found = await exactColumns(
      session,
      { path, source: 'odd.parquet' } as LocalPart,
      schema,
      join(folder, 'plain.parquet'),
    );
    expect([found.path, found.cut]).toEqual([path, ['utc', 'utc_ns', 'clock', 'clock_ns']]);
  });
});

describe('a file that cannot be read', () => {
  it('is named with the reason, among others', async () => {
    const good = await fileOf('SELECT 1 AS id');
    const bad = { format: 'parquet', content: 'PAR1 nothing of the kind PAR1' } as const;
    await expect(runTransform([{ format: 'parquet', path: good }, bad])).rejects.toThrow(/^input-1: .*DuckDB says: /);
  });
});

it('rejected rows are counted by column and reason, with the place of the first', async () => {
  const path = await fileOf('SELECT i AS id, i * 1.5 AS v FROM range(4) t(i)');
  const targetColumns = [
    { name: 'id', type: 'bigint', nullable: true },
    { name: 'v', type: 'bigint', nullable: true },
  ];
  const { manifest } = await runTransform({ format: 'parquet', path }, {}, { targetColumns });
  expect(manifest.rejections).toEqual([
    { column_name: 'v', reason: expect.stringContaining('whole number'), rows: 2, source: 'input-0', row_number: 2 },
  ]);
});
