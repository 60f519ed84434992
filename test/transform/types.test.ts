import { expect, test } from 'vitest';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

/** The type and the values that a CSV column of these texts gets. */
async function column(values: readonly string[], settings = {}, more = {}) {
  const { manifest, rows, rejected } = await runTransform(
    { format: 'csv', content: `n,v\n${values.map((value, i) => `${i},${value}`).join('\n')}\n` },
    settings,
    more,
  );
  return { type: typesOf(manifest).v, values: withoutService(rows).map((row) => row.v), rejected, manifest };
}

/** Types, and values that a column has them from. */
const inferred: readonly (readonly [string, readonly string[]])[] = [
  ['bigint', ['0', '-1', '9223372036854775807', '-9223372036854775808', '']],
  ['numeric(38,0)', ['9223372036854775808', '1']],
  ['numeric(38,2)', ['1.50', '-0.05', '.5', '12', '0.0']],
  ['numeric(40,1)', ['123456789012345678901234567890123456789', '0.5']],
  ['text', ['007', '1']],
  ['text', ['+5', '1']],
  ['text', ['1,000', '2'].map((value) => `"${value}"`)],
  ['text', [' 1', '2']],
  ['text', ['1_000', '2']],
  ['text', ['0x1F', '2']],
  ['bigint', ['0', '1', '1', '0']],
  ['text', ['t', 'f']],
  ['text', ['yes', 'no']],
  ['boolean', ['true', 'FALSE', 'True', '']],
  ['double precision', ['1e5', '2.5', '-1.25E-7']],
  ['double precision', ['NaN', '1.5', '-Infinity']],
  ['text', ['NaN', 'nan']],
  ['text', ['1e400', '1']],
  ['text', ['1.00000000000000000001e5', '1e3']],
  ['double precision', ['1.2345678901234568e-05', '1']],
  ['text', ['1.2345678901234567e-05', '1']],
  ['date', ['2024-02-29', '0001-01-01', '9999-12-31']],
  ['text', ['2023-02-29', '2024-01-01']],
  ['text', ['03/04/2025', '13/04/2025']],
  ['timestamp', ['2024-01-01T12:00:00', '2024-01-01 23:59:59.123456', '2024-01-01T12:00']],
  [
    'timestamptz',
    ['2024-01-01T12:00:00Z', '2024-01-01 12:00:00.5+0930', '2024-01-01T12:00+09:00', '2024-01-01T12:00Z'],
  ],
  ['text', ['2024-01-01T12:00:00.1234567Z', '2024-01-01T12:00:00Z']],
  ['text', ['2024-01-01T12:00:00Z', '2024-01-01T12:00:00']],
  ['text', ['2024-01-01T24:00:00', '2024-01-01T12:00:00']],
  ['uuid', ['123e4567-e89b-12d3-a456-426614174000', '']],
  ['text', ['123E4567-E89B-12D3-A456-426614174000']],
  ['text', ['', '']],
  ['text', ['a', '1']],
];

test('types are inferred from values, in each column for itself', async () => {
  const rows = Math.max(...inferred.map(([, values]) => values.length));
  const lines = Array.from({ length: rows }, (_, row) =>
    [row, ...inferred.map(([, values]) => values[row] ?? '')].join(','),
  );
  const header = ['n', ...inferred.map((_, index) => `v${index}`)].join(',');
  const { manifest } = await runTransform({ format: 'csv', content: `${header}\n${lines.join('\n')}\n` });
  const types = typesOf(manifest);
  expect(inferred.map(([, values], index) => [types[`v${index}`], values])).toEqual(inferred);
});

test.each(inferred.slice(0, 3))('%s is inferred from %j alone', async (type, values) => {
  expect((await column(values)).type).toBe(type);
});

test('values of inferred types come back exactly', async () => {
  expect((await column(['.5', '12', '-0.05'])).values).toEqual(['0.50', '12.00', '-0.05']);
  expect((await column(['2024-01-01 12:00:00.5+0930', '2024-01-01T12:00Z'])).values).toEqual([
    '2024-01-01 02:30:00.5+00',
    '2024-01-01 12:00:00+00',
  ]);
  expect((await column(['1e5', '2.5'])).values).toEqual([100000, 2.5]);
  expect((await column(['123456789012345678901234567890123456789', '0.5'])).values).toEqual([
    '123456789012345678901234567890123456789',
    '0.5',
  ]);
});

test('a value behind the first 20,000 rows still decides', async () => {
  const values = Array.from({ length: 30_000 }, (_, i) => String(i));
  expect((await column(values)).type).toBe('bigint');
  expect((await column([...values, '1.5'])).type).toBe('numeric(38,1)');
  const mixed = await column([...values, 'x']);
  expect(mixed.type).toBe('text');
  expect(mixed.manifest.columns[2]?.evidence).toContain('"x"');
});

test('the evidence names what was seen and the value that ruled the narrower type out', async () => {
  const evidence = async (values: readonly string[]) => (await column(values)).manifest.columns[2]?.evidence;
  expect(await evidence(['1', '2'])).toBe('all 2 values are whole numbers');
  expect(await evidence(['1', '2.25'])).toBe(
    'all 2 values are numbers, 2 digits behind the point at most; "2.25" rules out bigint',
  );
  expect(await evidence(['1', '007'])).toContain('"007"');
  expect(await evidence(['x'.repeat(100)])).not.toContain('x'.repeat(41));
});

test('a declared type is a contract: what does not fit is rejected with the column named', async () => {
  const cases: readonly (readonly [string, readonly string[], readonly unknown[], number])[] = [
    ['integer', ['1', '+2', '007', '5.0', '2147483648', 'x', '1.5', ''], [1, 5, null], 5],
    ['numeric(5,2)', ['999.99', '1.230', '1e2', '1000', '0.001', 'x', '+1', '01'], ['999.99', '1.23', '100.00'], 5],
    ['numeric(50,2)', ['12345678901234567890123456789012345678901234567890', '1.50', '1.501'], ['1.50'], 2],
    ['boolean', ['yes', '0', 'TRUE', 'maybe'], [true, false, true], 1],
    [
      'date',
      ['2024-01-02', '2024-01-02T00:00:00', '2024-01-02T01:00:00', '02.01.2024'],
      ['2024-01-02', '2024-01-02'],
      2,
    ],
    [
      'timestamp',
      ['2024-01-02', '2024-01-02T01:00:00Z', '2024-01-02T01:00:00+09:00'],
      ['2024-01-02 00:00:00', '2024-01-02 01:00:00'],
      1,
    ],
    [
      'timestamptz',
      ['2024-01-02', '2024-01-02T01:00:00', '2024-01-02T01:00+0900', 'x'],
      ['2024-01-02 00:00:00+00', '2024-01-02 01:00:00+00', '2024-01-01 16:00:00+00'],
      1,
    ],
    ['varchar(3)', ['abc', '日本語', 'abcd', ''], ['abc', '日本語', ''], 1],
    ['uuid', ['123E4567-E89B-12D3-A456-426614174000', 'x'], ['123e4567-e89b-12d3-a456-426614174000'], 1],
    ['jsonb', ['"{""a"": 1}"', '[1]', '{a}', 'NaN'], ['{"a": 1}', '[1]'], 2],
    ['double precision', ['1e400', '0.1', 'NaN', '-inf', 'x'], [0.1, 'NaN', '-Infinity'], 2],
    ['double precision', ['0.10000000000000001', '1234567890123456789', '4e-324', '05'], [0.1], 3],
    ['real', ['0.1', '0.100000001', '16777217', '1e20'], [0.1, 0.1, 1e20].map(Math.fround), 1],
    [
      'timestamp(3)',
      ['2024-01-01 10:00:00.125', '2024-01-01 10:00:00.1250', '2024-01-01 10:00:00.1255'],
      Array(2).fill('2024-01-01 10:00:00.125'),
      1,
    ],
    ['time(0)', ['10:00:00', '10:00:00.0', '10:00:00.5'], ['10:00:00', '10:00:00'], 1],
    [
      'timestamptz',
      ['2024-01-01 00:00:00.123456700', '2024-01-01T00:00:00.1234567Z', '2024-01-01 00:00 +0100'],
      ['2023-12-31 23:00:00+00'],
      2,
    ],
    ['time', ['12:34', '25:00'], ['12:34:00'], 1],
  ];
  for (const [type, given, expected, misfits] of cases) {
    const { type: got, values, rejected } = await column(given, { columns: { v: type } });
    expect([type, got, values, rejected.length]).toEqual([type, type, expected, misfits]);
    expect(rejected.every((row) => row.column_name === 'v' && row.reason.length > 10)).toBe(true);
  }
});

test('the types of an existing table rule, and what does not fit them is rejected', async () => {
  const targetColumns = [
    { name: 'uuid_id', type: 'uuid', nullable: false, isId: true },
    { name: 'n', type: 'character varying(10)', nullable: true },
    { name: 'v', type: 'numeric(10,2)', nullable: false },
  ];
  const { manifest, values, rejected } = await column(['1.25', '1.255', '', '7'], {}, { targetColumns });
  expect(typesOf(manifest)).toEqual({ n: 'character varying(10)', v: 'numeric(10,2)' });
  expect(values).toEqual(['1.25', '7.00']);
  expect(rejected.map((row) => row.reason)).toEqual([
    'is not a number that fits numeric(10,2) without rounding, written without leading zeros and plus sign',
    'has no value, and the column of the table takes no NULL',
  ]);
});

test('digits of a second that are zeros, and zones behind a blank, are of ISO 8601', async () => {
  const texts: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [
      'timestamptz',
      ['2024-01-01T00:00:00.0000000Z', '2024-01-02T00:00:00.5000000Z'],
      ['2024-01-01 00:00:00+00', '2024-01-02 00:00:00.5+00'],
    ],
    [
      'timestamp',
      ['2024-01-01 00:00:00.000000000', '2024-01-01 00:00:00.123456000'],
      ['2024-01-01 00:00:00', '2024-01-01 00:00:00.123456'],
    ],
    [
      'timestamptz',
      ['2024-01-01 00:00:00 UTC', '2024-01-01 00:00 +0000', '2024-01-01 00:00:00 +02:00'],
      ['2024-01-01 00:00:00+00', '2024-01-01 00:00:00+00', '2023-12-31 22:00:00+00'],
    ],
    ['text', ['2024-01-01 00:00:00.123456789'], ['2024-01-01 00:00:00.123456789']],
  ];
  for (const [type, given, expected] of texts) {
    expect(await column(given)).toMatchObject({ type, values: expected, rejected: [] });
    if (type !== 'text') expect((await column(given, { columns: { v: type } })).values).toEqual(expected);
  }
});

test('dates of a declared format are read by it alone', async () => {
  const { type, values } = await column(['03/04/2025', '13/04/2025', ''], { date_format: '%d/%m/%Y' });
  expect([type, values]).toEqual(['date', ['2025-04-03', '2025-04-13', null]]);
  const mixed = await column(['03/04/2025', '2025-13-04'], { date_format: '%d/%m/%Y' });
  expect(mixed.type).toBe('text');
  const declared = await column(['03/04/2025 07:08', '2025-04-03'], {
    columns: { v: { date_format: '%d/%m/%Y %H:%M' } },
  });
  expect([declared.type, declared.values, declared.rejected.length]).toEqual(['timestamp', ['2025-04-03 07:08:00'], 1]);
});

test('missing texts become empty, or stay missing; missing numbers are NULL', async () => {
  expect((await column(['a', ''])).values).toEqual(['a', '']);
  expect((await column(['a', '', '""'], { blank_text: 'keep' })).values).toEqual(['a', null, '']);
  expect((await column(['1', ''])).values).toEqual(['1', null]);
});
