import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSame } from '../support/expect-same.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { loadsAll, pipelineOf, plain } from './real-files.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  space.write(
    'etl.yaml',
    `pipelines:\n${pipelineOf('zipcodes', 'zipcodes.csv')}${pipelineOf('movies', 'movies.json')}${pipelineOf('birdstrikes', 'birdstrikes.csv')}${pipelineOf('flights', 'flights-20k.json')}`,
  );
});

afterAll(async () => {
  await space.remove();
});

describe('real data', () => {
  it.each([
    ['zipcodes', 'zipcodes.csv'],
    ['movies', 'movies.json'],
    ['birdstrikes', 'birdstrikes.csv'],
    ['flights', 'flights-20k.json'],
  ])('of %s loads in the counts a plain reader finds', async (name, source) => await loadsAll(space, name, source));

  it('keeps the leading zeros of ZIP codes', async () => {
    const { rows } = plain('zipcodes.csv');
    const loaded = await space.sql('SELECT zip_code FROM zipcodes ORDER BY zip_code');
    expectSame(
      loaded.map((row) => row.zip_code),
      rows.map((row) => row.zip_code).sort(),
    );
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
    expectSame(found.sort(), wanted.sort());
  });
});
