import { expect } from 'vitest';
import type { CsvDialect } from '../../../lib/manifest.ts';
import type { TransformSettings } from '../../../lib/transform/request.ts';
import { expectSame } from '../../support/expect-same.ts';
import { commas, type Outcome, runTransform } from './stage.ts';

/** 10 MB, of which the first 20,000 rows tell the types. */
const typed = (i: number, late: string): string =>
  `${i},${i % 100}.25,2025-01-02 03:04:${String(i % 60).padStart(2, '0')},${i % 2 === 0},name ${i % 500},${late},${'x'.repeat(400)}\n`;
const typedHeader = 'id,amount,at,flag,name,late,note\n';
const typedRows = Array.from({ length: 24_000 }, (_, i) => typed(i, ''));

export const loose: Partial<TransformSettings> = {
  deduplicate: true,
  key_columns: ['id'],
  business_rules: [
    { type: 'filter', condition: 'id % 5 > 0' },
    { type: 'enrich', new_column: 'share', logic: 'amount / (id - 21001)' },
  ],
};

/** What comes behind the first 20,000 rows of a large file. */
export interface Variant {
  readonly what: string;
  readonly late: readonly string[];
  readonly settings?: Partial<TransformSettings>;
  readonly dialect?: Partial<CsvDialect>;
}

export const mixed = [typed(7, ''), '7,1.5,2025-01-02 03:04:05,true,n,,x\n', ',1.5,,,,,\n'];

export const variants: readonly Variant[] = [
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

export const large = ({ dialect = {}, late }: Variant) =>
  ({
    format: 'csv',
    content: typedHeader + [...typedRows, ...late].join(''),
    csv: { ...commas, ...dialect },
  }) as const;

/** Cleans the file as a large one, and as if it were a small one, and compares everything. */
export async function compareLarge(variant: Variant): Promise<void> {
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
  expectSame(early.rows, reference.rows);
  expect(early.rejected).toEqual(reference.rejected);
  expect(early.manifest.counts.rows_read).toBe(24_000 + late.filter((line) => line !== '\n').length);
}
