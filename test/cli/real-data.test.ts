import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Workspace, workspace } from '../support/workspace.ts';

const folder = path.resolve('node_modules/vega-datasets/data');
const file = (name: string): string => path.join(folder, name);

/** What a plain reader finds: the rows, and how many of them repeat an earlier one. */
function plain(name: string): { readonly rows: readonly Record<string, unknown>[]; readonly distinct: number } {
  const text = readFileSync(file(name), 'utf8');
  const rows = name.endsWith('.json')
    ? (JSON.parse(text) as Record<string, unknown>[])
    : (parse(text, { columns: true }) as Record<string, unknown>[]);
  return { rows, distinct: new Set(rows.map((row) => JSON.stringify(row))).size };
}

let space: Workspace;

beforeAll(async () => {
  space = workspace();
  const pipeline = (name: string, source: string): string =>
    `  ${name}:\n    source_type: file\n    file_path: ${file(source)}\n    target_table: ${name}\n`;
  space.write(
    'etl.yaml',
    `pipelines:\n${pipeline('zipcodes', 'zipcodes.csv')}${pipeline('movies', 'movies.json')}${pipeline('birdstrikes', 'birdstrikes.csv')}${pipeline('flights', 'flights-200k.json')}`,
  );
  await space.etl('local', 'start');
});

afterAll(async () => {
  await space.remove();
});

describe('real data', () => {
  it.each([
    ['zipcodes', 'zipcodes.csv'],
    ['movies', 'movies.json'],
    ['birdstrikes', 'birdstrikes.csv'],
    ['flights', 'flights-200k.json'],
  ])('of %s loads in the counts a plain reader finds', async (name, source) => {
    const { distinct, rows } = plain(source);
    const [run] = await space.run(name);
    expect(run).toMatchObject({
      status: 'success',
      rows_read: rows.length,
      rows_filtered: 0,
      rows_deduplicated: rows.length - distinct,
      rows_rejected: 0,
      rows_loaded: distinct,
    });
    expect(await space.sql(`SELECT count(*) AS n, count(DISTINCT uuid_id) AS ids FROM ${name}`)).toEqual([
      { n: String(distinct), ids: String(distinct) },
    ]);
  });

  it('keeps the leading zeros of ZIP codes', async () => {
    const { rows } = plain('zipcodes.csv');
    const loaded = await space.sql('SELECT zip_code FROM zipcodes ORDER BY zip_code');
    expect(loaded.map((row) => row.zip_code)).toEqual(rows.map((row) => row.zip_code).sort());
    expect(loaded[0]).toEqual({ zip_code: '00501' });
  });

  it('loses no value of the films', async () => {
    const { rows } = plain('movies.json');
    const loaded = await space.sql('SELECT title, us_gross, release_date, imdb_rating, running_time_min FROM movies');
    const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
    const key = (cells: readonly unknown[]): string => cells.map(text).join('|');
    const wanted = rows.map((row) =>
      key([row.Title, row['US Gross'], row['Release Date'], Number(row['IMDB Rating'] ?? -1), row['Running Time min']]),
    );
    const found = loaded.map((row) =>
      key([row.title, row.us_gross, row.release_date, Number(row.imdb_rating ?? -1), row.running_time_min]),
    );
    expect(found.sort()).toEqual(wanted.sort());
  });
});
