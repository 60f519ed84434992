import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvSettings } from '../../lib/config/source-file.ts';
import { readTable } from '../../lib/extract/api/answers/csv.ts';

const settings = (more: Partial<CsvSettings> = {}): CsvSettings =>
  ({
    header: true,
    skip_lines: 0,
    null_strings: ['-', 'NA'],
    decimal_separator: '.',
    ...more,
  }) as CsvSettings;

/** What the library says by itself, asked about each field: an unquoted text that means nothing is no value. */
function expected(text: string, { quote = '"', comment, delimiter = ',', skip_initial_space }: CsvSettings): unknown[] {
  const [, ...rows] = parse(text, {
    bom: true,
    delimiter,
    quote,
    escape: quote,
    comment: comment ?? null,
    comment_no_infix: true,
    ltrim: skip_initial_space ?? false,
    relax_column_count: true,
    skip_empty_lines: true,
    cast: (value, { quoting }) => (quoting || !['', '-', 'NA'].includes(value) ? value : null) as string,
  }) as (string | null)[][];
  return rows;
}

async function read(text: string, dialect: CsvSettings): Promise<unknown[]> {
  const rows: unknown[] = [];
  async function* pieces(): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  }
  await readTable(pieces(), dialect, false, {
    add: (line) => rows.push(Object.values(JSON.parse(String(line)) as object)),
    refuse: (raw) => rows.push(JSON.parse(String(raw))),
    flush: async () => undefined,
  });
  return rows;
}

/** Fields as a table writes them: quoted or not, empty, words for nothing, delimiters, quotes and line ends in quotes. */
const field = fc.oneof(
  fc.constantFrom('', '""', '-', '"-"', 'NA', '"NA"', ' "x"', '"a""b"', '"a,b"', '"a\nb"', '"\r\n"', '""""', '""",-"'),
  fc.stringMatching(/^[a-z0-9 .é日]{0,6}$/),
);
const record = fc.array(field, { minLength: 1, maxLength: 4 });
const lineEnd = fc.constantFrom('\n', '\r\n');

describe('a response in CSV', () => {
  it.each<[string, Partial<CsvSettings>]>([
    ['as it is', {}],
    ['with blanks before fields', { skip_initial_space: true }],
    ['with comments', { comment: '#' }],
  ])('has the values that the library finds, %s', async (_, more) => {
    const dialect = settings(more);
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 8 }), lineEnd, fc.boolean(), async (records, end, whole) => {
        const comment = dialect.comment === undefined ? [] : ['# "note", -'];
        const lines = ['a,b', ...comment, ...records.map((fields) => fields.join(','))];
        const text = lines.join(end) + (whole ? end : '');
        let wanted: unknown[];
        try {
          wanted = expected(text, dialect);
        } catch {
          await expect(read(text, dialect)).rejects.toThrow();
          return;
        }
        expect(await read(text, dialect)).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });
});
