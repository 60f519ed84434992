import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { expectSame } from '../support/expect-same.ts';
import { readRows, setup } from './extract-setup.ts';

const data = path.resolve('node_modules/vega-datasets/data');

/** The file a CSV reader of any kind would be given after extract, in UTF-8. */
async function textAfter(name: string, bytes: Buffer, source: object = {}): Promise<string> {
  const { folder, request } = setup({ source_type: 'file', file_path: name, ...source });
  await writeFile(path.join(folder, name), bytes);
  const [part] = (await extract(request)).parts;
  if (part === undefined) throw new Error('there is a part');
  return await readFile(part.local ? part.location : await request.store.localPath(part.location), 'utf8');
}

const read = (text: string): string[][] => parse(text, { bom: true });

describe('real CSV files', () => {
  const shapes: readonly (readonly [string, (text: string) => Buffer, object])[] = [
    ['as they are', (text) => Buffer.from(text), {}],
    ['with a byte order mark', (text) => Buffer.from(`\ufeff${text}`), {}],
    ['with CRLF', (text) => Buffer.from(text.replaceAll('\n', '\r\n')), {}],
    ['gzipped', (text) => gzipSync(text), { compression: 'gzip' }],
    ['in UTF-16', (text) => iconv.encode(text, 'utf-16le', { addBOM: true }), {}],
    ['in windows-1252', (text) => iconv.encode(text, 'win1252'), { encoding: 'windows-1252' }],
  ];

  it.each(['zipcodes.csv', 'birdstrikes.csv', 'github.csv', 'us-employment.csv', 'disasters.csv'])(
    '%s has the same fields in every shape',
    async (name) => {
      const text = (await readFile(path.join(data, name), 'utf8')).replaceAll('\r\n', '\n');
      const expected = read(text);
      for (const [shape, encode, source] of shapes) {
        expectSame(read(await textAfter(name, encode(text), source)), expected, shape);
      }
    },
  );

  it('of Japan in Shift_JIS, with CRLF, quoted line breaks and full-width letters, read as an independent reader reads them', async () => {
    const fields = [
      '全国地方公共団体コード',
      '13101',
      '東京都千代田区',
      'ﾄｳｷｮｳﾄ',
      '①丸の内（次のビルを除く）',
      '㈱表示ソ能"引用"',
      '髙島屋,日本橋',
      '一行目\r\n二行目',
      '',
      '－１２３',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.constantFrom(...fields), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 60 }),
        async (rows) => {
          const quoted = [['列一', '列二', '列三'], ...rows].map((row) =>
            row.map((field) => `"${field.replaceAll('"', '""')}"`).join(','),
          );
          const bytes = iconv.encode(`${quoted.join('\r\n')}\r\n`, 'cp932');
          const text = await textAfter('jp.csv', bytes, { encoding: 'shift_jis' });
          expect(read(text)).toEqual(read(iconv.decode(bytes, 'cp932')));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('real JSON files', () => {
  it.each([
    'movies.json',
    'flights-20k.json',
    'barley.json',
    'penguins.json',
    'obesity.json',
    'earthquakes.json',
    'us-10m.json',
    'miserables.json',
  ])('%s has the rows JSON.parse finds', async (name) => {
    const bytes = await readFile(path.join(data, name));
    const value = JSON.parse(bytes.toString('utf8')) as
      | { features?: unknown[]; nodes?: unknown[]; objects?: object }
      | unknown[];
    const [recordsPath, expected] = Array.isArray(value)
      ? [undefined, value]
      : value.features !== undefined
        ? ['$.features[*]', value.features]
        : value.nodes !== undefined
          ? ['nodes', value.nodes]
          : ['$.objects.*', Object.values(value.objects ?? {})];
    const { folder, request } = setup({
      source_type: 'file',
      file_path: name,
      ...(recordsPath === undefined ? {} : { records_path: recordsPath }),
    });
    await writeFile(path.join(folder, name), bytes);
    expectSame(await readRows(request, await extract(request)), expected);
  });
});

describe('real Parquet files', () => {
  it('come through a gzip as they were', async () => {
    const bytes = await readFile(path.join(data, 'flights-3m.parquet'));
    const { folder, request } = setup({ source_type: 'file', file_path: 'f.parquet.gz' });
    await writeFile(path.join(folder, 'f.parquet.gz'), gzipSync(bytes, { level: 1 }));
    const [part] = (await extract(request)).parts;
    const file = await request.store.localPath(part?.location ?? '');
    expect(part?.format).toBe('parquet');
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file));
    expect(Number(metadata.num_rows)).toBe(3_000_000);
    expect((await readFile(file)).equals(bytes)).toBe(true);
  }, 60_000);
});
