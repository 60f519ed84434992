import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CsvDialect } from '../../lib/manifest.ts';
import { commas, runTransform, typesOf, withoutService } from './support/stage.ts';

/** Every column text, blanks kept: what is loaded must be what was read. */
const asIs = { blank_text: 'keep' } as const;

function csvField(field: string | null, dialect: CsvDialect, quoteAll: boolean): string {
  if (field === null) {
    return '';
  }
  const { quote, escape: mark, delimiter } = dialect;
  const bare =
    !quoteAll && field !== '' && ![delimiter.slice(0, 1), quote, '\n', '\r'].some((special) => field.includes(special));
  if (bare && !field.includes(mark)) {
    return field;
  }
  const inner =
    mark === quote
      ? field.replaceAll(quote, quote + quote)
      : field.replaceAll(mark, mark + mark).replaceAll(quote, mark + quote);
  return quote + inner + quote;
}

const character = fc.constantFrom(
  ...[
    'a',
    'b',
    'Z',
    '0',
    '7',
    ' ',
    ',',
    ';',
    '\t',
    '"',
    "'",
    '\\',
    '\n',
    '\r\n',
    '\r',
    '#',
    'é',
    '日本',
    '🦆',
    '\u2028',
    '|',
  ],
);
const field = fc.oneof(
  { weight: 6, arbitrary: fc.array(character, { maxLength: 8 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.constant(null) },
);

test('generated files come back field by field as they were written, in every dialect', async () => {
  const dialects = fc.constantFrom<CsvDialect>(
    commas,
    { ...commas, delimiter: ';' },
    { ...commas, delimiter: '\t', quote: "'", escape: "'" },
    { ...commas, escape: '\\' },
    { ...commas, delimiter: '||' },
  );
  await fc.assert(
    fc.asyncProperty(
      dialects,
      fc.integer({ min: 2, max: 5 }),
      fc.array(fc.array(field, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.boolean(),
      async (dialect, width, table, lineEnd, bom, quoteAll) => {
        const rows = table.map((row) => row.slice(0, width));
        const names = Array.from({ length: width }, (_, i) => `f${i}`);
        const content =
          (bom ? '\uFEFF' : '') +
          [names, ...rows]
            .map((row) => row.map((value) => csvField(value, dialect, quoteAll)).join(dialect.delimiter) + lineEnd)
            .join('');
        const columns = Object.fromEntries(names.map((name) => [name, 'text' as const]));
        const outcome = await runTransform({ format: 'csv', content, csv: dialect }, { ...asIs, columns });
        expect(outcome.rejected).toEqual([]);
        expect(withoutService(outcome.rows)).toEqual(
          rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]]))),
        );
      },
    ),
    { numRuns: 25 },
  );
});

test('a strict reader of another make finds the same rows in files of any bytes', async () => {
  const piece = fc.constantFrom(
    'a',
    '1',
    ' ',
    ',',
    ',',
    '"',
    '""',
    '\n',
    '\n',
    '\r\n',
    'é',
    'x"y',
    '"q"',
    '"a,b"',
    '"l\nm"',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      const content = `p,q\n${pieces.join('')}`;
      const theirs: string[][] = [];
      let theirErrors = 0;
      try {
        for (const record of parse(content, {
          relax_quotes: false,
          skip_records_with_error: true,
          skip_empty_lines: true,
          from: 2,
          record_delimiter: ['\n', '\r\n'],
          relax_column_count: true,
          on_skip: () => {
            theirErrors += 1;
          },
        }) as unknown as string[][]) {
          theirs.push(record);
        }
      } catch {
        theirErrors += 1;
      }
      const outcome = await runTransform({ format: 'csv', content }, { columns: { p: 'text', q: 'text' } });
      const lines = content.split('\n').length;
      const { rows_read, rows_clean, rows_rejected } = outcome.manifest.counts;
      expect(rows_read).toBe(rows_clean + rows_rejected);
      expect(rows_read).toBeLessThanOrEqual(lines);
      if (theirErrors === 0) {
        const good = theirs.filter((record) => record.length === 2);
        expect(withoutService(outcome.rows)).toEqual(good.map(([p, q]) => ({ p, q })));
        expect(rows_rejected).toBe(theirs.length - good.length);
      }
    }),
    { numRuns: 30 },
  );
});

test('bad rows are rejected with line, reason and raw text, and reading goes on', async () => {
  const content = Buffer.concat([
    Buffer.from('a,b\r\n1,x\r\n2\r\n\r\n3,"two\r\nlines"\r\n4,y,z\r\n"5"x,y\r\n'),
    Buffer.from([0x36, 0x2c, 0xff, 0xfe, 0x0d, 0x0a]),
    Buffer.from('7,n\0l\r\n8,5" pipe\r\n9,"never closed\r\n10,z\r\n'),
  ]);
  const { rows, rejected, manifest } = await runTransform({ format: 'csv', content });
  expect(withoutService(rows)).toEqual([
    { a: '1', b: 'x' },
    { a: '3', b: 'two\r\nlines' },
    { a: '8', b: '5" pipe' },
    { a: '10', b: 'z' },
  ]);
  expect(rejected.map(({ row_number, reason }) => [row_number, reason])).toEqual([
    [3, 'the line has 1 field where 2 are expected'],
    [7, 'the line has 3 fields where 2 are expected'],
    [8, 'the line has text behind a closing quote; a quote inside a quoted field is written ""'],
    [9, 'the line has bytes that are not UTF-8'],
    [10, 'the line holds a NUL character, which no text of the target can hold'],
    [12, 'the line opens a quote that is never closed'],
  ]);
  expect(rejected[1]?.row).toEqual({ raw: '4,y,z' });
  expect(rejected[3]?.row).toMatchObject({ raw_base64: Buffer.from([0x36, 0x2c, 0xff, 0xfe]).toString('base64') });
  expect(manifest.counts).toMatchObject({ rows_read: 10, rows_clean: 4, rows_rejected: 6 });
});

test('a row rejected later is named by the line it began in', async () => {
  const { rejected } = await runTransform(
    { format: 'csv', content: 'n,t\n1,"a\nb\nc"\n\nx,d\n2,e\ny,f\n' },
    { columns: { n: 'integer' } },
  );
  expect(rejected.map(({ row_number, column_name, row }) => [row_number, column_name, row])).toEqual([
    [6, 'n', { n: 'x', t: 'd' }],
    [8, 'n', { n: 'y', t: 'f' }],
  ]);
});

test('an empty file has no columns and no rows; a header alone has columns and no rows', async () => {
  const empty = await runTransform({ format: 'csv', content: '' });
  expect(empty.manifest.columns.map((column) => column.name)).toEqual(['uuid_id', 'extracted_at']);
  expect(empty.manifest.chunks).toEqual([]);
  for (const content of ['a,b', 'a,b\n', '\uFEFFa,b\r\n']) {
    const header = await runTransform({ format: 'csv', content });
    expect(typesOf(header.manifest)).toEqual({ a: 'text', b: 'text' });
    expect(header.manifest.counts.rows_read).toBe(0);
  }
});

test('comments, skipped lines, given names, null texts and decimal commas are as the dialect says', async () => {
  const { rows, manifest } = await runTransform(
    {
      format: 'csv',
      content: 'report of May\n# made by hand\n1.234,50;NA;"NA"\n# end\n-7;x;y\n',
      csv: {
        ...commas,
        delimiter: ';',
        header: false,
        names: ['amount', 'p', 'q'],
        comment: '#',
        skip_lines: 1,
        null_strings: ['NA'],
        decimal_separator: ',',
        thousands_separator: '.',
      },
    },
    asIs,
  );
  expect(typesOf(manifest)).toEqual({ amount: 'numeric(38,2)', p: 'text', q: 'text' });
  expect(withoutService(rows)).toEqual([
    { amount: '1234.50', p: null, q: 'NA' },
    { amount: '-7.00', p: 'x', q: 'y' },
  ]);
});

test('several files are one source: columns by name, rows in order, lines by file', async () => {
  const { rows, rejected } = await runTransform(
    [
      { format: 'csv', content: 'a,b\n1,x\n' },
      { format: 'csv', content: '' },
      { format: 'csv', content: 'b,c,a\ny,z,2\nw,v,bad\n' },
    ],
    { columns: { a: 'integer' } },
  );
  expect(withoutService(rows)).toEqual([
    { a: 1, b: 'x', c: '' },
    { a: 2, b: 'y', c: 'z' },
  ]);
  expect(rejected).toMatchObject([{ source: 'input-2', row_number: 3, row: { a: 'bad', b: 'w', c: 'v' } }]);
});

test('a long field and quoted line ends across read blocks survive', async () => {
  const long = 'x"y\n'.repeat(260_000);
  const filler = Array.from({ length: 60_000 }, (_, i) => `${i},"a\n${'b'.repeat(i % 90)}"`);
  const content = `n,t\n${filler.join('\n')}\n60000,"${long.replaceAll('"', '""')}"\n60001,end\n`;
  const { rows, rejected } = await runTransform({ format: 'csv', content });
  expect(rejected).toEqual([]);
  expect(rows).toHaveLength(60_002);
  expect(rows.every((row, i) => row.n === String(i))).toBe(true);
  expect(rows[60_000]?.t).toBe(long);
  expect(rows[59_999]?.t).toBe(`a\n${'b'.repeat(59_999 % 90)}`);
});

test('old Macintosh line ends are read', async () => {
  const { rows } = await runTransform({ format: 'csv', content: 'a,b\r1,x\r2,"y\rz"\r' });
  expect(withoutService(rows)).toEqual([
    { a: '1', b: 'x' },
    { a: '2', b: 'y\rz' },
  ]);
});
