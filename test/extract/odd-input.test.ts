import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRejected, readRows, sendJson, settingsOf, setup, startApi } from './extract-setup.ts';

/** The error of a file that is loaded as it is called. */
async function errorOf(name: string, bytes: Uint8Array, settings: object = {}): Promise<unknown> {
  const { folder, request } = setup({ source_type: 'file', file_path: name, ...settings });
  writeFileSync(path.join(folder, name), bytes);
  return await extract(request).then(
    () => 'nothing was wrong',
    (thrown: unknown) => thrown,
  );
}

const csv = Buffer.from('id,name\n1,a\n');
/** A zip file of one stored member, as far as its first bytes. */
const zip = (member: string): Buffer =>
  Buffer.concat([
    Buffer.from('504b030414000000000000002100', 'hex'),
    Buffer.alloc(16),
    Buffer.from(member),
    Buffer.alloc(600),
  ]);

describe('a file that is no text', () => {
  it.each([
    ['a.csv', gzipSync(csv), {}, 'should be csv, but it is a gzip file. Set compression: gzip.'],
    ['a.csv.gz', gzipSync(gzipSync(csv)), {}, 'holds a gzip file when unpacked'],
    ['a.csv', zip('a.csv'), {}, 'but it is a zip file. Unpack it'],
    ['a.csv', zip('xl/workbook.xml'), {}, 'but it is an Excel file. Save its sheet as CSV.'],
    [
      'a.json',
      Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)]),
      {},
      'an Excel file (or another of old Office)',
    ],
    [
      'a.ndjson',
      Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64)]),
      {},
      'but it is a Parquet file. Set format: parquet.',
    ],
    [
      'a.csv',
      Buffer.concat([Buffer.from('%PDF-1.7\n%'), Buffer.from([0xe2, 0xe3, 0xcf, 0xd3])]),
      {},
      'but it is a PDF file',
    ],
    ['a.csv', zip('xl/workbook.xml'), { encoding: 'windows-1252' }, 'but it is an Excel file'],
    ['a.csv', zip('xl/workbook.xml'), { encoding: 'utf-16le' }, 'but it is an Excel file'],
  ])('is named as what it is: %s', async (name, bytes, settings, words) => {
    expect(await errorOf(name, bytes, settings)).toMatchObject({
      code: 'file_not_text',
      message: expect.stringContaining(words),
    });
  });

  it('is none where a text only begins like it', async () => {
    for (const text of ['ORC,PAR1\n1,2\n', 'BZh,b\n1,2\n', 'PK,name\n1,a\n'])
      expect(await errorOf('a.csv', Buffer.from(text))).toBe('nothing was wrong');
  });
});

describe('a text in another encoding', () => {
  const advice = async (encoding: string, lines: readonly string[]): Promise<string> => {
    const thrown = await errorOf(
      'a.csv',
      iconv.encode(`id,city\n${lines.map((line, id) => `${id},${line}\n`).join('')}`, encoding),
    );
    return /set encoding: ([\w-]+)\./.exec(thrown instanceof Error ? thrown.message : '')?.[1] ?? String(thrown);
  };

  it.each([
    ['of Spain', ['Cádiz', 'Málaga', 'Logroño', 'A Coruña', 'Jaén', 'León']],
    ['of France', ['Orléans', 'Besançon', 'Nîmes', 'Angoulême', 'Évreux', 'Sète', 'Mâcon']],
    ['of Germany', ['Köln', 'München', 'Düsseldorf', 'Gießen', 'Lübeck']],
    ['of Portugal', ['São Paulo', 'Brasília', 'Goiânia', 'Maceió', 'Belém']],
    ['in capitals', ['MÁLAGA', 'CÁDIZ', 'LOGROÑO', 'GIJÓN']],
    ['with signs', ['5 €', '“quoted”', 'café – bar', 'naïve']],
  ])('is told to be windows-1252 where it is %s', async (_where, lines) => {
    expect(await advice('win1252', lines)).toBe('windows-1252');
  });

  it.each([
    ['cp932', 'shift_jis'],
    ['euc-jp', 'euc-jp'],
  ])('is told to be Japanese where it is, in %s', async (encoding, name) => {
    expect(await advice(encoding, ['東京都千代田区', '大阪市北区', 'さいたま市', '山田 太郎', 'カタカナ'])).toBe(name);
    expect(await advice(encoding, ['東京', '大阪', '京都', '札幌'])).toBe(name);
  });
});

describe('a response in another charset', () => {
  const rows = [
    { id: 1, n: 'Müller – 5 €' },
    { id: 2, n: 'José' },
  ];

  it.each([
    ['iso-8859-1', 'win1252', rows],
    ['"windows-1252"', 'win1252', rows],
    [
      'Shift_JIS',
      'cp932',
      [
        { id: 1, n: '東京' },
        { id: 2, n: 'ソ表' },
      ],
    ],
    ['utf-16le', 'utf16-le', rows],
    ['utf-8', 'utf8', rows],
  ])('is read as its Content-Type says: %s', async (charset, encoding, expected) => {
    const api = await startApi((_request, response) => {
      response.writeHead(200, { 'content-type': `application/json; charset=${charset}` });
      const bytes = iconv.encode(JSON.stringify(expected), encoding);
      // In two pieces, which may cut a character.
      response.write(bytes.subarray(0, 19));
      setImmediate(() => response.end(bytes.subarray(19)));
    });
    const { request } = setup({ source_type: 'api', endpoint: 'x' }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual(expected);
  });

  it('that is not known is an error that names it', async () => {
    const api = await startApi((_request, response) =>
      sendJson(response, '[]', { 'content-type': 'application/json; charset=ebcdic-37' }),
    );
    const { request } = setup({ source_type: 'api', endpoint: 'x' }, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({
      code: 'api_charset',
      message: expect.stringContaining('ebcdic-37'),
    });
  });
});

describe('a record of more than 16 MiB', () => {
  const long = `{"id":2,"text":"${'x'.repeat(40 * 1024 * 1024)}"}`;
  const body = `[{"id":1},${long},{"id":3}]`;

  it('is one rejected row of an API', async () => {
    const api = await startApi((_request, response) => sendJson(response, body));
    const { request } = setup({ source_type: 'api', endpoint: 'x' }, { base_url: api.url });
    const manifest = await extract(request);
    expect(await readRows(request, manifest)).toEqual([{ id: 1 }, { id: 3 }]);
    const rejected = await readRejected(request, manifest);
    expect(rejected).toMatchObject([
      { row_number: 2, reason: expect.stringMatching(/41,943,\d+ bytes, more than the 16,777,216/) },
    ]);
    expect(JSON.stringify(rejected).length).toBeLessThan(100_000);
  });

  it('is one rejected row of a JSON file', async () => {
    const { folder, request } = setup({ source_type: 'file', file_path: 'a.json' });
    writeFileSync(path.join(folder, 'a.json'), body);
    const manifest = await extract(request);
    expect(await readRows(request, manifest)).toEqual([{ id: 1 }, { id: 3 }]);
    expect(await readRejected(request, manifest)).toHaveLength(1);
  });
});

describe('a status that asks to wait', () => {
  it.each([403, 425])('is obeyed, where it is %i', async (status) => {
    const api = await startApi((_request, response, count) =>
      count === 1
        ? sendJson(response, { message: 'slow down' }, { 'retry-after': '7' }, status)
        : sendJson(response, [{ id: 1 }]),
    );
    const { clock, request } = setup({ source_type: 'api', endpoint: 'x' }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([{ id: 1 }]);
    expect(clock.slept).toEqual([7_000]);
  });

  it.each([403, 425])('is an error at once, where it is %i and names no time', async (status) => {
    const api = await startApi((_request, response) => sendJson(response, { message: 'no' }, {}, status));
    const { request } = setup({ source_type: 'api', endpoint: 'x' }, { base_url: api.url });
    await expect(extract(request)).rejects.toMatchObject({ code: 'api_status' });
    expect(api.seen).toHaveLength(1);
  });
});

describe('rows of a JSON file that are the members of an object', () => {
  it('keep their names in the column that the configuration names', async () => {
    const settings = {
      source_type: 'file',
      file_path: 'a.json',
      records_path: '$.rates[*]',
      record_name_column: 'code',
    };
    const { folder, request } = setup(settings);
    writeFileSync(path.join(folder, 'a.json'), '{"rates":{"EUR":{"n":1},"JPY":{}}}');
    expect(await readRows(request, await extract(request))).toEqual([{ code: 'EUR', n: 1 }, { code: 'JPY' }]);
    expect(() => settingsOf({ ...settings, format: 'csv' })).toThrow(/record_name_column/);
  });
});
