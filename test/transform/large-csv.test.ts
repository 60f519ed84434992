import { expect, test } from 'vitest';
import { endings, good, header, losesNothing } from './support/large-file.ts';
import { compareLarge, large, loose, mixed } from './support/late-rows.ts';
import { commas, runTransform } from './support/stage.ts';

test('a large file is read as it stands', async () => {
  const { manifest, rejected, rows } = await runTransform({ format: 'csv', content: header + good });
  expect(manifest.counts).toMatchObject({ rows_read: 20_000, rows_clean: 20_000 });
  expect(rejected).toEqual([]);
  expect(rows.at(-1)).toMatchObject({ id: '19999', name: 'name 19999' });
});

// The others are in the long suite.
test.each(endings.filter(({ what }) => ['a ragged line', 'no line end'].includes(what)))(
  'a large file that ends in $what loses nothing',
  losesNothing,
);

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

// Other late rows are in the long suite.
test.each([{ what: 'repeats, keys, rows without a key and rules that fail', late: mixed, settings: loose }])(
  'a large file behind whose first rows comes $what is cleaned as a small one',
  compareLarge,
);

test('a large file whose every row proves the types of the first is cleaned while it is read', async () => {
  const { manifest } = await runTransform(large({ what: '', late: mixed }), loose);
  expect(manifest.columns.find((column) => column.name === 'id')?.evidence).toBe('all values are whole numbers');
});

test.each([
  ['is no row of several columns', 'id,note\n', (i: number) => `${i},${'y'.repeat(400)}`, 0],
  ['is a row without a value of one column', 'note\n', (i: number) => `${i}${'y'.repeat(400)}`, 1],
])('a blank line wherever the blocks of a large file begin %s', async (_what, first, row, each) => {
  const megabyte = 1 << 20;
  const lines: string[] = [first];
  let bytes = first.length;
  let records = 0;
  while (bytes < 9 * megabyte) {
    const left = megabyte - (bytes % megabyte);
    // A record ends with the block, and the next one begins with an empty line.
    const line =
      left > 900
        ? row(records)
        : row(records)
            .slice(0, 8)
            .padEnd(left - 1, 'z');
    lines.push(`${line}\n`, ...(left > 900 ? [] : ['\n']));
    bytes += line.length + (left > 900 ? 1 : 2);
    records += left > 900 ? 1 : 1 + each;
  }
  const { manifest } = await runTransform({ format: 'csv', content: lines.join('') });
  expect(manifest.counts).toMatchObject({ rows_read: records, rows_clean: records });
});
