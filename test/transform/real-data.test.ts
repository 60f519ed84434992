import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { expectSame } from '../support/expect-same.ts';
import { countsFlights, data, linesOf } from './support/real-data.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

test('zip codes keep their leading zeros', async () => {
  const { manifest, rows, rejected } = await runTransform({ format: 'csv', path: data('zipcodes.csv') });
  const theirs = parse(readFileSync(data('zipcodes.csv')), { columns: true, bom: true }) as Record<string, string>[];
  expect(rejected).toEqual([]);
  expect(typesOf(manifest).zip_code).toBe('text');
  expect(rows).toHaveLength(theirs.length);
  expectSame(
    rows.map((row) => row.zip_code),
    theirs.map((row) => row.zip_code),
  );
  expectSame(
    rows.map((row) => Number(row.latitude)),
    theirs.map((row) => Number(row.latitude)),
  );
});

test('movies of mixed types load with nothing lost', async () => {
  const { manifest, rows, rejected } = await runTransform({ format: 'ndjson', content: linesOf('movies.json') });
  const movies = JSON.parse(readFileSync(data('movies.json'), 'utf8')) as Record<string, unknown>[];
  expect(rejected).toEqual([]);
  expect(rows).toHaveLength(3201);
  const types = typesOf(manifest);
  const names = new Map(manifest.columns.map((column) => [column.source_name ?? column.name, column.name]));
  const wrong: unknown[] = [];
  for (const [i, movie] of movies.entries()) {
    for (const [key, value] of Object.entries(movie)) {
      const name = names.get(key) ?? '';
      const got = rows[i]?.[name];
      const expected = value === null ? (types[name] === 'text' ? '' : null) : value;
      const found = typeof expected === 'number' ? Number(got) : got;
      if (!isDeepStrictEqual(found, expected)) wrong.push({ row: i, key, found, expected });
    }
  }
  expect(wrong).toEqual([]);
});

test('birdstrikes equal what a plain reader finds, row by row', async () => {
  const { rows, rejected, manifest } = await runTransform({ format: 'csv', path: data('birdstrikes.csv') });
  const theirs = parse(readFileSync(data('birdstrikes.csv')), { columns: false, bom: true, from: 2 }) as string[][];
  expect(rejected).toEqual([]);
  expect(rows).toHaveLength(theirs.length);
  const types = Object.values(typesOf(manifest));
  const wrong: unknown[] = [];
  for (const [i, row] of withoutService(rows).entries()) {
    const found = Object.values(row).map((value, c) =>
      types[c] === 'text' ? value : value === null ? '' : Number(value),
    );
    const expected = theirs[i]?.map((value, c) => (types[c] === 'text' || value === '' ? value : Number(value)));
    if (!isDeepStrictEqual(found, expected)) wrong.push({ row: i, found, expected });
  }
  expect(wrong).toEqual([]);
});

test('20,000 flights are all there, exact duplicates counted', async () => {
  await countsFlights('flights-20k.json', 20_000);
});
