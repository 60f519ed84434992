import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

const keep = { blank_text: 'keep' } as const;

test('numbers keep every digit, in columns and inside objects', async () => {
  const content = [
    '{"d":0.1234567890123456789,"i":123456789012345678901234567890,"o":{"x":0.12345678901234567890123,"s":"0.12345678901234567890"}}',
    '{"d":1.5,"i":-7,"o":[1e400,12345678901234567890.5]}',
    '{"d":-12345678901234567890.25,"i":0,"o":null}',
  ].join('\n');
  const { manifest, rows } = await runTransform({ format: 'ndjson', content });
  expect(typesOf(manifest)).toEqual({ d: 'numeric(39,19)', i: 'numeric(38,0)', o: 'jsonb' });
  expect(withoutService(rows)).toEqual([
    {
      d: '0.1234567890123456789',
      i: '123456789012345678901234567890',
      o: '{"x":0.12345678901234567890123,"s":"0.12345678901234567890"}',
    },
    { d: '1.5', i: '-7', o: '[1e400,12345678901234567890.5]' },
    { d: '-12345678901234567890.25', i: '0', o: null },
  ]);
});

test('numbers beside texts are kept as they are written', async () => {
  const written = ['2.50', '1.00', '-0', '-0.10', '0.0000001', '1e5', '12.0', '0.1', '-3', '7.70'];
  const content = ['{"v":"text","o":{}}', ...written.map((value) => `{"v": ${value} ,"o":{"x":${value}}}`)].join('\n');
  const { manifest, rows } = await runTransform({ format: 'ndjson', content });
  expect(typesOf(manifest)).toEqual({ v: 'text', o: 'jsonb' });
  expect(withoutService(rows).slice(1)).toEqual(written.map((value) => ({ v: value, o: `{"x":${value}}` })));
});

test('keys are united in the order in which they are first seen, and a missing key is no value', async () => {
  const { rows } = await runTransform(
    { format: 'ndjson', content: '{"b":1}\n{"a":"x","b":2}\n\n{"c":true,"a":null}\n' },
    keep,
  );
  expect(withoutService(rows).map((row) => Object.entries(row))).toEqual([
    [
      ['b', '1'],
      ['a', null],
      ['c', null],
    ],
    [
      ['b', '2'],
      ['a', 'x'],
      ['c', null],
    ],
    [
      ['b', null],
      ['a', null],
      ['c', true],
    ],
  ]);
});

test('keys that differ in case and signs alone are one column where no object has two of them', async () => {
  const files = ['{"id":1,"First Name":"a"}\n{"id":2,"first_name":"b"}', '{"ID":3,"FIRST-NAME":"c"}\n{"Id":4}'];
  const { rows } = await runTransform(
    files.map((content) => ({ format: 'ndjson' as const, content })),
    keep,
  );
  expect(withoutService(rows)).toEqual([
    { id: '1', first_name: 'a' },
    { id: '2', first_name: 'b' },
    { id: '3', first_name: 'c' },
    { id: '4', first_name: null },
  ]);
});

test('keys that differ in case, hold odd characters or are empty stay apart', async () => {
  const object = {
    id: 1,
    ID: 2,
    '': 3,
    'a/b': 4,
    'a~b': 5,
    '0': 6,
    'a.b': 7,
    日本: 8,
    "it's": 9,
    '"q"': 10,
    'x\ny': 11,
    '-': 12,
  };
  const { manifest, rows } = await runTransform({ format: 'ndjson', content: JSON.stringify(object) });
  expect(Object.values(withoutService(rows)[0] ?? {})).toEqual(
    Object.values(object).length === 12 ? JSON.parse('["6","1","2","3","4","5","7","8","9","10","11","12"]') : [],
  );
  expect(manifest.columns.slice(1, -1).map((column) => column.name)).toEqual([
    '_0',
    'id',
    'id_2',
    'column_4',
    'a_b',
    'a_b_2',
    'a_b_3',
    '日本',
    'it_s',
    'q',
    'x_y',
    'column_12',
  ]);
});

test('lines that are no JSON object are rejected with their line, the rest goes on', async () => {
  const lines = [
    '{"a":1}',
    '{"a":1,}',
    '{"a":NaN}',
    '',
    '[1]',
    '{"a":',
    '{"a":"\\ud800"}',
    '{"a":"x\\u0000y"}',
    '{"a":"x\\\\u0000y"}',
    '{"a":1,"a":2}',
    '   ',
    '{"a":"nan, inf, ,}"}',
    'null',
  ];
  const { rows, rejected, manifest } = await runTransform({ format: 'ndjson', content: lines.join('\r\n') });
  expect(withoutService(rows)).toEqual([{ a: '1' }, { a: 'x\\u0000y' }, { a: 'nan, inf, ,}' }]);
  expect(rejected.map((row) => row.row_number)).toEqual([2, 3, 5, 6, 7, 8, 10, 13]);
  expect(rejected.map((row) => row.row)).toEqual([1, 2, 4, 5, 6, 7, 9, 12].map((i) => ({ raw: lines[i] })));
  expect(rejected[5]?.reason).toMatch(/NUL/);
  expect(rejected[6]?.reason).toBe('the object has a key twice');
  expect(manifest.counts).toMatchObject({ rows_read: 11, rows_clean: 3, rows_rejected: 8 });
});

test('a text in one row and a number in another make a text; objects beside texts make jsonb', async () => {
  const { manifest, rows } = await runTransform({
    format: 'ndjson',
    content: '{"m":1,"o":{"k":1}}\n{"m":"007","o":"plain"}\n{"m":true,"o":3}\n{"m":1.50,"o":null}\n',
  });
  expect(typesOf(manifest)).toEqual({ m: 'text', o: 'jsonb' });
  expect(withoutService(rows)).toEqual([
    { m: '1', o: '{"k":1}' },
    { m: '007', o: '"plain"' },
    { m: 'true', o: '3' },
    { m: '1.50', o: null },
  ]);
});

test('objects of any shape come back as JSON.parse reads them', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.jsonValue().filter((json) => !JSON.stringify(json).includes('\\u0000')),
  );
  const key = fc.constantFrom('a', 'B', 'b', 'c d', 'é');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(key, value, { minKeys: 1 }), { minLength: 1, maxLength: 8 }),
      async (objects) => {
        const columns = { a: 'jsonb', B: 'jsonb', b: 'jsonb', 'c d': 'jsonb', é: 'jsonb' } as const;
        const seen = new Set(objects.flatMap((object) => Object.keys(object)));
        // Of B and b that no object has together the first is the column's name.
        const isOne = !objects.some((object) => 'B' in object && 'b' in object);
        const first = [...seen].find((name) => name.toLowerCase() === 'b');
        const columnOf = (name: string): string => (isOne && name.toLowerCase() === 'b' ? (first ?? name) : name);
        const declared = Object.fromEntries(
          Object.entries(columns).filter(([name]) => seen.has(name) && columnOf(name) === name),
        );
        const content = objects.map((object) => JSON.stringify(object)).join('\n');
        const outcome = await runTransform({ format: 'ndjson', content }, { columns: declared });
        expect(outcome.rejected).toEqual([]);
        const names = new Map(
          outcome.manifest.columns.map((column) => [column.name, column.source_name ?? column.name]),
        );
        const back = withoutService(outcome.rows).map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, text]) => [
              names.get(name),
              text === null ? null : JSON.parse(String(text)),
            ]),
          ),
        );
        const blank = Object.fromEntries([...seen].map((name) => [columnOf(name), null]));
        const expected = objects.map((object) => ({
          ...blank,
          ...Object.fromEntries(
            Object.entries(JSON.parse(JSON.stringify(object))).map(([name, one]) => [columnOf(name), one]),
          ),
        }));
        expect(back).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('behind lines that are no objects, rows are still told apart and keep their lines', async () => {
  const files = [
    'nope\n{"id":1,"n":"a"}\n[]\n\n{"n":"b"}\n{"id":2,"n":"c"}\n{"id":1,"n":"a"}\n{"id":3,"n":"d"}\n',
    '{"id":4,"n":"e"}\n{"id":,}\n{"id":2,"n":"c"}\n{"n":"f"}\n{"id":5,"n":"g"}',
  ];
  const { manifest, rejected, rows } = await runTransform(
    files.map((content) => ({ format: 'ndjson', content })),
    { deduplicate: true },
  );
  expect(manifest.counts).toMatchObject({ rows_read: 12, rows_deduplicated: 2, rows_rejected: 5, rows_clean: 5 });
  expect(withoutService(rows)).toEqual(['a', 'c', 'd', 'e', 'g'].map((n, i) => ({ id: String(i + 1), n })));
  expect(rejected.map(({ row, row_number, source }) => [source, row_number, row.n ?? row.raw])).toEqual([
    ['input-0', 1, 'nope'],
    ['input-0', 3, '[]'],
    ['input-1', 2, '{"id":,}'],
    ['input-0', 5, 'b'],
    ['input-1', 4, 'f'],
  ]);
});
