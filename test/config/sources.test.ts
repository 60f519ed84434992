import { describe, expect, it } from 'vitest';
import { s3For } from '../../lib/cli/run/s3.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { traitsOf } from '../../lib/config/sources.ts';

const configOf = (source: string) =>
  parseConfig(
    `pipelines: { p: { ${source}, target_table: t } }\ndata_source: { base_url: 'https://a.example' }`,
    'c.yaml',
  );

describe('a pipeline whose path is written as S3://', () => {
  it('is given a client for Amazon S3', async () => {
    const config = configOf('source_type: file, file_path: [a.csv, "S3://bucket/b.csv"]');
    expect(await s3For({ config, file: '', folder: '' }, ['p'])).toBeDefined();
  });

  it('is given none where no path is one of Amazon S3', async () => {
    expect(
      await s3For({ config: configOf('source_type: file, file_path: s3.csv'), file: '', folder: '' }, ['p']),
    ).toBeUndefined();
    expect(
      await s3For(
        { config: configOf('source_type: api, endpoint: "https://a.example.com/s3://x"'), file: '', folder: '' },
        ['p'],
      ),
    ).toBeUndefined();
  });
});

describe('the traits of a source', () => {
  it('let an object stand in for the files, and parameters for those of an API', () => {
    const { p: file } = configOf('source_type: file, file_path: [a.csv, b.csv]').pipelines;
    const { p: api } = configOf('source_type: api, endpoint: x, params: { a: 1 }').pipelines;
    if (file === undefined || api === undefined) throw new Error('both pipelines are there');
    expect(traitsOf(file).filePaths(file)).toEqual(['a.csv', 'b.csv']);
    expect(traitsOf(file).withObject?.(file, { bucket: 'b', key: 'k/x.csv' })).toMatchObject({
      file_path: 's3-object://b/k/x.csv',
    });
    expect(traitsOf(file).withParams).toBeUndefined();
    expect(traitsOf(api).filePaths(api)).toEqual([]);
    expect(traitsOf(api).withObject).toBeUndefined();
    expect(traitsOf(api).withParams?.(api, { b: 2 })).toMatchObject({ params: { a: 1, b: 2 } });
  });
});

describe('objects that may be read where they lie', () => {
  it.each([
    ['s3://in/a.csv', '', true],
    ['s3://in/*.ndjson', '', true],
    ['s3://in/a.parquet', '', true],
    ['s3://in/folder/', '', true],
    ['s3://in/a.csv', ', encoding: utf-8', true],
    ['s3://in/a.csv.gz', ', compression: none', true],
    ['s3://in/a.json', ', format: ndjson', true],
    ['s3://in/a.csv', ', encoding: shift_jis', false],
    ['s3://in/a.CSV.GZ', '', false],
    ['s3://in/*.csv.zst', '', false],
    ['s3://in/a.csv', ', compression: gzip', false],
    ['s3://in/*.json', '', false],
    ['s3://in/folder/', ', format: json', false],
  ])('are told by name and settings: %s%s', (file, more, expected) => {
    const settings = configOf(`source_type: file, file_path: "${file}"${more}`).pipelines.p;
    if (settings === undefined) throw new Error('no pipeline');
    expect(traitsOf(settings).readsInPlace(settings, file)).toBe(expected);
  });

  it('are none of an API', () => {
    const settings = configOf('source_type: api, endpoint: a').pipelines.p;
    if (settings === undefined) throw new Error('no pipeline');
    expect(traitsOf(settings).readsInPlace(settings, 's3://in/a.csv')).toBe(false);
  });
});
