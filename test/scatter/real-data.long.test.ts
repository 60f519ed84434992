import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { data, linesOf } from '../transform/support/real-data.ts';
import type { Input } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';

const files: Readonly<Record<string, () => Promise<Input>>> = {
  'zipcodes.csv': async () => ({ format: 'csv', path: data('zipcodes.csv') }),
  'birdstrikes.csv': async () => ({ format: 'csv', path: data('birdstrikes.csv') }),
  'movies.json': async () => ({ format: 'ndjson', content: linesOf('movies.json') }),
  'flights-20k.json': async () => ({ format: 'ndjson', content: linesOf('flights-20k.json') }),
};

for (const [name, input] of Object.entries(files)) {
  test(`${name} is the same in pieces`, async () => {
    for (const deduplicate of [true, false]) {
      await expectSameInPieces(await input(), { partBytes: 150_000, settings: { deduplicate } });
    }
  }, 300_000);
}

test('zip codes with a key are the same in pieces by every load mode', async () => {
  for (const load_mode of ['insert', 'upsert', 'replace'] as const) {
    const settings = { load_mode, key_columns: ['city', 'state'], deduplicate: true };
    await expectSameInPieces({ format: 'csv', path: data('zipcodes.csv') }, { partBytes: 200_000, settings });
  }
}, 300_000);

test('Parquet of many row groups is the same in pieces', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'row-groups-'));
  const session = await openDuckDb({ allowedDirs: [folder, data('.')], tempDir: folder });
  try {
    const path = join(folder, 'flights.parquet');
    await session.run(
      `COPY (SELECT *, [delay, distance] AS both, CASE WHEN delay % 5 = 0 THEN -0.0 ELSE delay / 3 END AS part
         FROM (SELECT * FROM read_parquet(${quoteText(data('flights-3m.parquet'))}) LIMIT 60000))
       TO ${quoteText(path)} (FORMAT parquet, ROW_GROUP_SIZE 4096)`
        .replaceAll('delay', 'coalesce(DELAY, 0)')
        .replaceAll('distance', 'DISTANCE'),
    );
    const other = join(folder, 'other.parquet');
    await session.run(
      `COPY (SELECT * REPLACE (DISTANCE + 0.5 AS DISTANCE) FROM read_parquet(${quoteText(path)}) LIMIT 9000)
       TO ${quoteText(other)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    const inputs = [path, other].map((one) => ({ format: 'parquet', path: one }) as const);
    const { manifest } = await expectSameInPieces(inputs, { partBytes: 100_000, settings: { deduplicate: true } });
    expect(manifest.counts.rows_read).toBe(69_000);
  } finally {
    session.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 300_000);

test('500 files are the same in pieces', async () => {
  const lines = (await readFile(data('zipcodes.csv'), 'utf8')).split('\n');
  const [header = ''] = lines;
  const inputs = Array.from({ length: 500 }, (_, i) => {
    const rows = lines.slice(1 + i * 10, 21 + i * 10);
    const content = [
      i % 100 === 99 ? `${header},later` : header,
      ...rows.map((row) => (i % 100 === 99 ? `${row},${i}` : row)),
      `${i},bad`,
    ].join('\n');
    return { format: 'csv', content } as const;
  });
  const { manifest } = await expectSameInPieces(inputs, { partBytes: 20_000, settings: { deduplicate: true } });
  expect(manifest.counts.rows_rejected).toBe(500);
  expect(manifest.counts.rows_deduplicated).toBeGreaterThan(4_000);
}, 300_000);
