import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanName } from '../../lib/cleaned-name.ts';
import { serviceColumns } from '../../lib/service-columns.ts';
import { cleanNames } from '../../lib/transform/column-name.ts';
import { runTransform, withoutService } from './support/stage.ts';

test.each([
  ['User ID', 'user_id'],
  ['Amount (USD)', 'amount_usd'],
  ['_id', '_id'],
  ['a__b', 'a__b'],
  ['顧客 名', '顧客_名'],
  ['Größe', 'größe'],
  ['ＦＵＬＬ', 'full'],
  ['2nd', '_2nd'],
  ['', 'column_7'],
  ['$$$', 'column_7'],
  ['select', 'select'],
  ["it's", 'it_s'],
])('%j becomes %j', (source, name) => {
  expect(cleanName(source, 7)).toBe(name);
});

test('names of any texts are unique, clean, at most 63 bytes and the same every time', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 90 })), (sources) => {
      const names = cleanNames(sources, serviceColumns);
      expect(names).toHaveLength(sources.length);
      expect(new Set([...names, ...serviceColumns]).size).toBe(sources.length + serviceColumns.length);
      expect(names).toEqual(cleanNames(sources, serviceColumns));
      for (const name of names) {
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
        expect(name).toMatch(/^[\p{L}\p{M}\p{N}_]+$/u);
        expect(name).not.toMatch(/^\p{N}/u);
      }
    }),
  );
});

test('long names that differ only at their end stay apart', () => {
  const long = 'x'.repeat(80);
  const [a, b] = cleanNames([`${long}a`, `${long}b`], []);
  expect(a).toMatch(/^x{54}_[0-9a-f]{8}$/);
  expect(a).not.toBe(b);
});

test('names of the service, duplicates and collisions get a suffix, and settings may use either name', async () => {
  const { manifest, rows, rejected } = await runTransform(
    { format: 'csv', content: 'uuid_id,created_at,a,a,A,o,s,v0,w,c0\nu,t,1,2,3,4,5,6,7,8\n,t,1,2,3,4,5,6,7,8\n' },
    {
      required_columns: ['uuid_id'],
      columns: { a_2: 'text' },
      business_rules: [
        {
          type: 'filter',
          condition: "created_at = 't' and uuid_id = 'u' and o = 4 and s = 5 and v0 = 6 and w = 7",
        },
      ],
    },
  );
  expect(manifest.columns.map((column) => [column.name, column.source_name])).toEqual([
    ['etl_uuid_id', undefined],
    ['uuid_id', undefined],
    ['created_at', undefined],
    ['a', undefined],
    ['a_2', 'a'],
    ['a_3', 'A'],
    ['o', undefined],
    ['s', undefined],
    ['v0', undefined],
    ['w', undefined],
    ['c0', undefined],
    ['extracted_at', undefined],
  ]);
  expect(rows.map(({ extracted_at, ...row }) => row)).toEqual([
    {
      etl_uuid_id: expect.any(String),
      uuid_id: 'u',
      created_at: 't',
      a: '1',
      a_2: '2',
      a_3: '3',
      o: '4',
      s: '5',
      v0: '6',
      w: '7',
      c0: '8',
    },
  ]);
  expect(rejected).toMatchObject([{ column_name: 'uuid_id', row: { uuid_id: null, a: '1', a_3: '2', A: '3' } }]);
});

test.each([
  [undefined, ['created_at', 'extracted_at', 'etl_extracted_at']],
  [
    ['uuid_id', 'id', 'created_at', 'updated_at', 'extracted_at'],
    ['created_at_2', 'extracted_at_2', 'extracted_at'],
  ],
  [
    ['uuid_id', 'id', 'created_at', 'etl_created_at', 'updated_at', 'extracted_at'],
    ['created_at', 'extracted_at_2', 'extracted_at'],
  ],
])(
  'the names of a source rule in a new table, those of the service in one that has them: %j',
  async (present, names) => {
    const targetColumns = present?.map((name) => ({
      name,
      type: name === 'uuid_id' ? 'uuid' : 'text',
      nullable: true,
      isId: name === 'uuid_id',
    }));
    const { manifest } = await runTransform(
      { format: 'csv', content: 'id,created_at,extracted_at\n1,a,b\n' },
      { columns: { id: 'text' } },
      { targetColumns },
    );
    expect(manifest.columns.slice(2).map((column) => column.name)).toEqual(names);
  },
);

test.each([
  ['id,uuid_id', {}, undefined, ['etl_uuid_id', 'id', 'uuid_id']],
  ['id,Uuid Id', {}, undefined, ['etl_uuid_id', 'id', 'uuid_id']],
  ['uuid_id,etl_uuid_id', {}, undefined, ['etl_uuid_id', 'uuid_id', 'etl_uuid_id_2']],
  ['id,etl_uuid_id', {}, undefined, ['uuid_id', 'id', 'etl_uuid_id_2']],
  ['id,uuid_id', { rename: { uuid_id: 'own' } }, undefined, ['uuid_id', 'id', 'own']],
  ['id,uuid_id', { exclude: ['uuid_id'] }, undefined, ['uuid_id', 'id']],
  ['id,uuid_id', {}, 'uuid_id', ['uuid_id', 'id', 'uuid_id_2']],
  ['id,uuid_id', {}, 'etl_uuid_id', ['etl_uuid_id', 'id', 'uuid_id']],
  ['id,v', {}, 'etl_uuid_id', ['etl_uuid_id', 'id', 'v']],
])('%s with %j beside a table whose ids are in %s', async (head, settings, present, names) => {
  const targetColumns =
    present === undefined ? undefined : [{ name: present, type: 'uuid', nullable: false, isId: true }];
  const { manifest } = await runTransform({ format: 'csv', content: `${head}\n1,a\n` }, settings, { targetColumns });
  expect(manifest.columns.slice(0, -1).map((column) => column.name)).toEqual(names);
});

test('a table that the service did not make keeps its own created_at', async () => {
  const targetColumns = [
    { name: 'id', type: 'integer', nullable: false },
    { name: 'created_at', type: 'date', nullable: true },
  ];
  const { rows } = await runTransform(
    { format: 'csv', content: 'id,created_at\n1,2024-01-02\n' },
    {},
    { targetColumns },
  );
  expect(withoutService(rows)).toEqual([{ id: 1, created_at: '2024-01-02' }]);
});

test('a setting that names a column the source does not have is an error with the nearest name', async () => {
  const input = { format: 'csv', content: 'User ID,b\n1,2\n' } as const;
  await expect(runTransform(input, { key_columns: ['user_idd'] })).rejects.toThrow(
    'Pipeline sample: key_columns names user_idd, which the source does not have. Did you mean user_id?',
  );
  await expect(runTransform(input, { required_columns: ['zzz'] })).rejects.toThrow(
    'The columns are User ID, user_id, b.',
  );
  await expect(runTransform(input, { columns: { c: 'text' } })).rejects.toThrow(/columns names c/);
});

test('a column gets the name that rename gives it, which no other column may have', async () => {
  const input = { format: 'csv', content: 'Order No.,n,number\n1,2,3\n' } as const;
  const { manifest, rows } = await runTransform(input, {
    rename: { 'Order No.': 'Key', n: 'number', number: 'n' },
    key_columns: ['Order No.'],
    business_rules: [{ type: 'filter', condition: '"Order No." = 1' }],
  });
  expect(manifest.columns.map((column) => column.source_name)).toEqual([
    undefined,
    'Order No.',
    'n',
    'number',
    undefined,
  ]);
  expect(withoutService(rows)).toEqual([{ key: '1', number: '2', n: '3' }]);
  await expect(runTransform(input, { rename: { 'Order No.': 'Number' } })).rejects.toMatchObject({
    code: 'rename_collision',
    message: expect.stringContaining('rename gives Order No. the name number, which another column'),
  });
  await expect(runTransform(input, { rename: { n: 'created_at' } })).rejects.toThrow(
    /rename gives n the name created_at/,
  );
  await expect(runTransform(input, { rename: { n: 'etl_uuid_id' } })).rejects.toThrow(/the name etl_uuid_id, which/);
  await expect(runTransform(input, { rename: { n: 'x', number: 'x' } })).rejects.toThrow(/the name x, which another/);
  await expect(runTransform(input, { rename: { nn: 'x' } })).rejects.toThrow(/rename names nn.*Did you mean n\?/);
});
