import { expect, test } from 'vitest';
import { commas } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';
import { mixedCsv } from './support/mixed-csv.ts';

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
}, 120_000);

test('a value in the last piece decides about the type of the whole', async () => {
  const rows = Array.from({ length: 300 }, (_, i) => `${i},${i},true,${i % 2 === 0 ? ' ' : ''}\n`);
  for (const late of ['x,1.5,maybe,1\n', '1.25,123456789012345678901.5,false,x\n', '7,,,\n']) {
    const content = `a,b,c,d\n${rows.join('')}${late}`;
    await expectSameInPieces({ format: 'csv', content }, { partBytes: 700 });
  }
}, 120_000);

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
}, 120_000);

test('a configuration that does not fit the source is refused with the same words', async () => {
  const input = { format: 'csv', content: mixedCsv } as const;
  await expect(expectSameInPieces(input, { settings: { key_columns: ['nmae'] } })).rejects.toThrow(/nmae/);
  const columns = { amount: 'numeric(4,2)', at: 'integer' } as const;
  await expect(expectSameInPieces(input, { settings: { columns, on_type_mismatch: 'fail' } })).rejects.toThrow(/at /);
}, 120_000);
