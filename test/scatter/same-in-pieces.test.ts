import { expect, test } from 'vitest';
import { commas } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';

const text = (i: number): string =>
  i % 7 === 0 ? `"two\nlines, ${i}"` : i % 11 === 0 ? `"a ""quote"" ${i}"` : `name ${i % 40}`;

/** Rows with quoted line ends, repeats, rows without a key, bad values and ragged lines all over. */
const mixedCsv = `id,name,amount,at\n${Array.from({ length: 400 }, (_, i) => {
  if (i % 53 === 0) return `${i},ragged\n`;
  if (i % 61 === 0) return `,no key,${i},2025-01-02\n`;
  const of = i % 29 === 0 ? Math.floor(i / 2) : i;
  return `${of},${text(of)},${of % 100}.25,2025-01-${String((of % 28) + 1).padStart(2, '0')}\n`;
}).join('')}`;

test('a CSV with quoted line ends, bad lines and repeats is the same in pieces', async () => {
  const { manifest } = await expectSameInPieces(
    { format: 'csv', content: mixedCsv },
    { partBytes: 1_500, settings: { deduplicate: true } },
  );
  expect(manifest.counts.rows_rejected).toBeGreaterThan(0);
  expect(manifest.counts.rows_deduplicated).toBeGreaterThan(0);
  expect(manifest.chunks.length).toBeGreaterThan(2);
});

test('rows of one key are found in pieces, by every load mode', async () => {
  for (const load_mode of ['insert', 'upsert', 'replace'] as const) {
    await expectSameInPieces(
      { format: 'csv', content: mixedCsv },
      {
        partBytes: 3_000,
        settings: {
          deduplicate: true,
          load_mode,
          key_columns: ['name'],
          ...(load_mode === 'insert' ? {} : { latest_by: 'at' }),
          business_rules: [
            { type: 'filter', condition: 'amount < 90' },
            { type: 'enrich', new_column: 'share', logic: '100 / (amount - 3.25)' },
          ],
        },
      },
    );
  }
});

test('a value in the last piece decides about the type of the whole', async () => {
  const rows = Array.from({ length: 300 }, (_, i) => `${i},${i},true,${i % 2 === 0 ? ' ' : ''}\n`);
  for (const late of ['x,1.5,maybe,1\n', '1.25,123456789012345678901.5,false,x\n', '7,,,\n']) {
    const content = `a,b,c,d\n${rows.join('')}${late}`;
    await expectSameInPieces({ format: 'csv', content }, { partBytes: 700 });
  }
});

test('NDJSON with keys that come later, bad lines and objects is the same in pieces', async () => {
  const lines = Array.from({ length: 300 }, (_, i) => {
    if (i % 41 === 0) return 'no object';
    if (i % 43 === 0) return '';
    const of = i % 17 === 0 ? 5 : i;
    return JSON.stringify({
      id: of,
      ...(of > 150 ? { Name: `n${of}` } : { name: `n${of}` }),
      ...(of > 250 ? { late: { deep: of }, 'na me': 1.5 } : {}),
      value: of % 90 === 89 ? 'text' : of / 4,
    });
  });
  const { manifest } = await expectSameInPieces(
    { format: 'ndjson', content: lines.join('\n') },
    { partBytes: 1_000, settings: { deduplicate: true } },
  );
  expect(manifest.counts.rows_deduplicated).toBeGreaterThan(0);
});

test('files with other headers, their names and partitions are the same in pieces', async () => {
  const contents = [
    'id,a\n1,x\n2,y\n',
    'A,b\n3,z\n',
    `id,A,a\n${Array.from({ length: 80 }, (_, i) => `${i},${i},q${i}\n`).join('')}`,
    'id,a\n1,x\n',
    'B\n7\n',
    'id\nten\n',
  ];
  await expectSameInPieces(
    contents.map((content) => ({ format: 'csv', content, csv: commas })),
    { partBytes: 300, settings: { deduplicate: true, required_columns: [] } },
  );
});

test('a configuration that does not fit the source is refused with the same words', async () => {
  const input = { format: 'csv', content: mixedCsv } as const;
  await expect(expectSameInPieces(input, { settings: { key_columns: ['nmae'] } })).rejects.toThrow(/nmae/);
  const columns = { amount: 'numeric(4,2)', at: 'integer' } as const;
  await expect(expectSameInPieces(input, { settings: { columns, on_type_mismatch: 'fail' } })).rejects.toThrow(/at /);
});
