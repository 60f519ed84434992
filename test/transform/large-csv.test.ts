import { expect, test } from 'vitest';
import type { CsvDialect } from '../../lib/manifest.ts';
import type { TransformSettings } from '../../lib/transform/request.ts';
import { commas, type Outcome, runTransform } from './support/stage.ts';

/** 9 MB, so that the file is read while it is still being walked over. */
const good = Array.from({ length: 20_000 }, (_, i) => `${i},name ${i},${'x'.repeat(440)}\n`).join('');
const header = 'id,name,note\n';

test('a large file is read as it stands', async () => {
  const { manifest, rejected, rows } = await runTransform({ format: 'csv', content: header + good });
  expect(manifest.counts).toMatchObject({ rows_read: 20_000, rows_clean: 20_000 });
  expect(rejected).toEqual([]);
  expect(rows.at(-1)).toMatchObject({ id: '19999', name: 'name 19999' });
});

test.each([
  ['a ragged line', 'a,b\n', 20_001, 1],
  ['a line that is no UTF-8', Buffer.from([0x31, 0x2c, 0xff, 0x2c, 0x31, 0x0a]), 20_001, 1],
  ['a quote that is never closed', '20000,"name,x\n', 20_001, 1],
  ['a quoted line end', '20000,"na\nme",x\n', 20_001, 0],
  ['a quote inside a field', '20000,na"me,x\n', 20_001, 0],
  ['a line of 3 MB', `20000,${'y'.repeat(3 << 20)},x\n`, 20_001, 0],
  ['no line end', '20000,name,x', 20_001, 0],
] as const)('a large file that ends in %s loses nothing', async (_what, end, read, bad) => {
  const content = Buffer.concat([Buffer.from(header + good), Buffer.from(end)]);
  const { manifest, rejected, rows } = await runTransform({ format: 'csv', content });
  expect(manifest.counts).toMatchObject({ rows_read: read, rows_rejected: bad, rows_clean: read - bad });
  expect(rejected.length).toBe(bad);
  expect(new Set(rows.map((row) => row.id)).size).toBe(read - bad);
});

test('a large file with CRLF line ends loses nothing', async () => {
  const content = (header + good).replaceAll('\n', '\r\n');
  const { manifest, rows } = await runTransform({ format: 'csv', content });
  expect(manifest.counts).toMatchObject({ rows_read: 20_000, rows_clean: 20_000 });
  expect(rows.at(-1)).toMatchObject({ note: 'x'.repeat(440) });
});

test('a large file without a header loses nothing', async () => {
  const csv = { ...commas, header: false, names: ['id', 'name', 'note'] };
  const { manifest } = await runTransform({ format: 'csv', content: good, csv });
  expect(manifest.counts).toMatchObject({ rows_read: 20_000, rows_clean: 20_000 });
});

test('a run that is told to stop while a large file is read ends with the reason', async () => {
  const stopping = new AbortController();
  const reason = new Error('told to stop');
  setTimeout(() => stopping.abort(reason), 60);
  await expect(
    runTransform({ format: 'csv', content: header + good.repeat(8) }, {}, { signal: stopping.signal }),
  ).rejects.toBe(reason);
});

/** 10 MB, of which the first 20,000 rows tell the types. */
const typed = (i: number, late: string): string =>
  `${i},${i % 100}.25,2025-01-02 03:04:${String(i % 60).padStart(2, '0')},${i % 2 === 0},name ${i % 500},${late},${'x'.repeat(400)}\n`;
const typedHeader = 'id,amount,at,flag,name,late,note\n';
const typedRows = Array.from({ length: 24_000 }, (_, i) => typed(i, ''));

const loose: Partial<TransformSettings> = {
  deduplicate: true,
  key_columns: ['id'],
  business_rules: [
    { type: 'filter', condition: 'id % 5 > 0' },
    { type: 'enrich', new_column: 'share', logic: 'amount / (id - 21001)' },
  ],
};

interface Variant {
  readonly what: string;
  readonly late: readonly string[];
  readonly settings?: Partial<TransformSettings>;
  readonly dialect?: Partial<CsvDialect>;
}

const mixed = [typed(7, ''), '7,1.5,2025-01-02 03:04:05,true,n,,x\n', ',1.5,,,,,\n'];

const variants: readonly Variant[] = [
  { what: 'nothing else', late: [] },
  { what: 'a number that is no whole one', late: ['x5,1,2025-01-02 03:04:05,true,n,,x\n'] },
  { what: 'more digits behind the point', late: ['30000,1.125,2025-01-02 03:04:05,true,n,,x\n'] },
  {
    what: 'more digits than a narrow decimal has',
    late: ['30000,12345678901234567.5,2025-01-02 03:04:05,true,n,,x\n'],
  },
  { what: 'a timestamp of another form', late: ['30000,1.5,2025-01-02T03:04,true,n,,x\n'] },
  { what: 'an infinite timestamp', late: ['30000,1.5,infinity,true,n,,x\n'] },
  { what: 'a value where there was none', late: ['30000,1.5,2025-01-02 03:04:05,true,n,5,x\n'] },
  { what: 'a field that is quoted', late: ['30000,1.5,2025-01-02 03:04:05,true,"n,m",,x\n'] },
  { what: 'a field too many', late: ['30000,1.5,2025-01-02 03:04:05,true,n,,x,y\n'] },
  { what: 'an empty field too many', late: ['30000,1.5,2025-01-02 03:04:05,true,n,,x,\n'] },
  { what: 'a field too few', late: ['30000,1.5,2025-01-02 03:04:05,true,n,\n'] },
  { what: 'a blank line', late: ['\n', typed(30_000, '')] },
  { what: 'no line end', late: [typed(30_000, '').trimEnd()] },
  {
    what: 'rows that are there already',
    late: [typed(7, ''), typed(7, ''), typed(23_999, '')],
    settings: { deduplicate: true },
  },
  { what: 'repeats, keys, rows without a key and rules that fail', late: mixed, settings: loose },
  { what: 'the same into an upsert', late: mixed, settings: { ...loose, load_mode: 'upsert' } },
  {
    what: 'a value that a declared type refuses',
    late: ['30000,1.5,2025-01-02 03:04:05,true,n,,x\n'],
    settings: { columns: { name: 'varchar(7)', amount: 'numeric(6,2)' } },
  },
  { what: 'texts that mean NULL', late: ['NA,NA,NA,NA,NA,NA,NA\n'], dialect: { null_strings: ['NA'] } },
  {
    what: 'a comma in place of the point',
    late: ['30000,1.5,2025-01-02 03:04:05,true,n,,x\n'],
    dialect: { decimal_separator: ',' },
  },
];

const large = ({ dialect = {}, late }: Variant) =>
  ({
    format: 'csv',
    content: typedHeader + [...typedRows, ...late].join(''),
    csv: { ...commas, ...dialect },
  }) as const;

test.each(variants)('a large file behind whose first rows comes $what is cleaned as a small one', async (variant) => {
  const { late, settings = {} } = variant;
  const input = large(variant);
  const early = await runTransform(input, settings);
  const reference = await runTransform({ ...input, bytes: 1 }, settings);
  const plain = ({ manifest }: Outcome) => ({
    ...manifest,
    chunks: manifest.chunks.map(({ location, rows }) => [location, rows]),
    // What was counted there is only proven here.
    columns: manifest.columns.map(({ evidence, ...column }) => ({
      ...column,
      evidence: evidence?.replace(/all [\d,]+ values/, 'all values'),
    })),
  });
  expect(plain(early)).toEqual(plain(reference));
  expect(early.rows).toEqual(reference.rows);
  expect(early.rejected).toEqual(reference.rejected);
  expect(early.manifest.counts.rows_read).toBe(24_000 + late.filter((line) => line !== '\n').length);
});

test('a large file whose every row proves the types of the first is cleaned while it is read', async () => {
  const { manifest } = await runTransform(large({ what: '', late: mixed }), loose);
  expect(manifest.columns.find((column) => column.name === 'id')?.evidence).toBe('all values are whole numbers');
});
