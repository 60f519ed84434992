import { expect, test } from 'vitest';
import { expectSameInPieces } from './support/compare.ts';
import { mixedCsv } from './support/mixed-csv.ts';

test('a CSV with quoted line ends, bad lines and repeats is the same in pieces', async () => {
  const { manifest } = await expectSameInPieces(
    { format: 'csv', content: mixedCsv },
    { partBytes: 3_000, bucketBytes: 7_000, settings: { deduplicate: true } },
  );
  expect(manifest.counts.rows_rejected).toBeGreaterThan(0);
  expect(manifest.counts.rows_deduplicated).toBeGreaterThan(0);
  expect(manifest.chunks.length).toBeGreaterThan(1);
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
    { partBytes: 5_000, settings: { deduplicate: true } },
  );
  expect(manifest.counts.rows_deduplicated).toBeGreaterThan(0);
});
