import { expect, test } from 'vitest';
import { compareLarge, large, loose, mixed } from './support/late-rows.ts';
import { commas, runTransform } from './support/stage.ts';

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
  ['a line of 3 MB, more than a row may have', `20000,${'y'.repeat(3 << 20)},x\n`, 20_001, 1],
  ['a line of 900 kB', `20000,${'y'.repeat(900_000)},x\n`, 20_001, 0],
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

test.each([
  { what: 'a value that changes a type', late: ['30000,1.125,2025-01-02 03:04:05,true,n,,x\n'] },
  { what: 'an empty field too many', late: ['30000,1.5,2025-01-02 03:04:05,true,n,,x,\n'] },
  { what: 'repeats, keys, rows without a key and rules that fail', late: mixed, settings: loose },
])('a large file behind whose first rows comes $what is cleaned as a small one', compareLarge);

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
