import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { decodeText, type MisfitRecord } from '../../lib/extract/file/decode-text.ts';
import { readLines, readRejected, readRows, setup } from './extract-setup.ts';

const oracle = {
  shift_jis: 'cp932',
  'euc-jp': 'eucjp',
  'windows-1252': 'win1252',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
} as const;
type Declared = keyof typeof oracle;

const csv = { delimiter: ',', quote: '"', escape: '"' };

async function decode(
  bytes: Buffer,
  encoding: Declared | 'iso-8859-1',
  cuts: readonly number[] = [],
  quotes: typeof csv | undefined = csv,
): Promise<{ text: string; misfits: MisfitRecord[] }> {
  const misfits: MisfitRecord[] = [];
  const edges = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  async function* chunks() {
    for (let at = 1; at < edges.length; at += 1) yield bytes.subarray(edges[at - 1], edges[at]);
  }
  const pieces: Buffer[] = [];
  const options = { shown: 'f', encoding, quotes, headerLines: 0, onMisfit: (m: MisfitRecord) => misfits.push(m) };
  for await (const piece of decodeText(chunks(), options)) pieces.push(piece);
  return { text: Buffer.concat(pieces).toString(), misfits };
}

/** Characters that both the encoding and the independent reader know, and that mean the same to both. */
function repertoire(encoding: Declared): readonly string[] {
  const candidates = ['a', 'Z', '0', ',', '"', '\n', '\r\n', '\\', '|', ' ', '~'];
  for (const [from, to] of [
    [0xa1, 0xff],
    [0x152, 0x178],
    [0x2013, 0x2122],
    [0x3041, 0x30f6],
    [0x4e00, 0x4f00],
    [0x8868, 0x8870],
    [0xff61, 0xff9f],
  ] as const) {
    for (let code = from; code <= to; code += 1) candidates.push(String.fromCharCode(code));
  }
  if (encoding.startsWith('utf')) candidates.push('😀', '𠮷', '\u2028');
  return candidates.filter((text) => iconv.decode(iconv.encode(text, oracle[encoding]), oracle[encoding]) === text);
}

describe('a text in a declared encoding', () => {
  it.each(Object.keys(oracle) as Declared[])(
    '%s reads as an independent reader reads it, wherever it is cut',
    async (encoding) => {
      const characters = repertoire(encoding);
      expect(characters.length).toBeGreaterThan(30);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...characters), { maxLength: 200 }),
          fc.array(fc.nat(2_000), { maxLength: 8 }),
          async (letters, cuts) => {
            const text = letters.join('');
            const { misfits, text: read } = await decode(iconv.encode(text, oracle[encoding]), encoding, cuts);
            expect(misfits).toEqual([]);
            expect(read).toBe(text);
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  it('has the extensions of CP932', async () => {
    expect((await decode(iconv.encode('①㈱髙﨑～表ソ', 'cp932'), 'shift_jis')).text).toBe('①㈱髙﨑～表ソ');
  });

  it('has typographic quotes and the euro in windows-1252, and in what calls itself ISO-8859-1', async () => {
    const bytes = Buffer.from([0x80, 0x93, 0x94, 0xe9]);
    expect((await decode(bytes, 'windows-1252')).text).toBe('€“”é');
    expect((await decode(bytes, 'iso-8859-1')).text).toBe('€“”é');
  });

  it('loses only the records whose bytes do not fit, and keeps the line numbers of the others', async () => {
    const bytes = Buffer.concat([
      iconv.encode('id,name\n1,東京\n2,"', 'cp932'),
      Buffer.from([0x81, 0x0a]),
      iconv.encode('b"\n3,大阪\n', 'cp932'),
      Buffer.from([0xfd, 0x0a]),
      iconv.encode('5,京都', 'cp932'),
    ]);
    for (const cuts of [[], [1, 2, 3, 17, 18, 19, 20, 21, 22, 23], bytes.map((_, at) => at)]) {
      const { misfits, text } = await decode(bytes, 'shift_jis', [...cuts]);
      expect(text).toBe('id,name\n1,東京\n\n\n3,大阪\n\n5,京都');
      expect(misfits.map(({ line }) => line)).toEqual([3, 6]);
      expect(misfits[0]).toMatchObject({
        reason: expect.stringContaining('shift_jis'),
        raw: expect.stringMatching(/^2,"/),
      });
    }
  });

  it('does not take a quote within a field for the start of a quoted one', async () => {
    const bytes = Buffer.concat([Buffer.from('1,5" disk\n'), Buffer.from([0xfd, 0x0a]), Buffer.from('3,6" disk\n')]);
    expect((await decode(bytes, 'shift_jis')).text).toBe('1,5" disk\n\n3,6" disk\n');
  });
});

async function extractFile(name: string, bytes: Buffer, source: Readonly<Record<string, unknown>> = {}) {
  const { folder, request } = setup({ source_type: 'file', file_path: name, ...source });
  await writeFile(path.join(folder, name), bytes);
  const manifest = await extract(request);
  return { request, manifest };
}

describe('the encoding of a file', () => {
  const text = 'id,name\n1,東京\n2,"大\n阪"\n';

  it.each([
    ['UTF-16 LE', Buffer.concat([Buffer.from([0xff, 0xfe]), iconv.encode(text, 'utf-16le')])],
    ['UTF-16 BE', Buffer.concat([Buffer.from([0xfe, 0xff]), iconv.encode(text, 'utf-16be')])],
  ])('is found by its byte order mark: %s', async (_name, bytes) => {
    const { manifest, request } = await extractFile('a.csv', bytes);
    expect((await readLines(request, manifest)).join('\n')).toBe(text.trimEnd());
    expect(manifest.parts[0]).toMatchObject({ local: false, format: 'csv', source: 'a.csv' });
  });

  it.each([
    ['shift_jis', 'cp932'],
    ['euc-jp', 'eucjp'],
  ])('that is not UTF-8 is named in the error: %s', async (encoding, oracleName) => {
    const long = iconv.encode(`id,name\n${'1,東京都渋谷区\n'.repeat(20)}`, oracleName);
    await expect(extractFile('a.csv', long)).rejects.toMatchObject({
      code: 'encoding_mismatch',
      message: expect.stringMatching(new RegExp(`is not in utf-8: 20 lines have .* ${encoding}`)),
    });
    const { manifest, request } = await extractFile('a.csv', long, { encoding });
    expect(await readLines(request, manifest)).toContain('1,東京都渋谷区');
  });

  it.each(['utf-16le', 'utf-16be'] as const)('that is %s without a byte order mark is named too', async (encoding) => {
    const bytes = iconv.encode('id,name\n1,Tokyo\n', encoding);
    await expect(extractFile('a.csv', bytes)).rejects.toMatchObject({
      code: 'encoding_mismatch',
      message: expect.stringContaining(`set encoding: ${encoding}`),
    });
    const { manifest, request } = await extractFile('a.csv', bytes, { encoding });
    expect(await readLines(request, manifest)).toEqual(['id,name', '1,Tokyo']);
  });

  it('that is declared wrongly is an error and not garbage', async () => {
    const bytes = Buffer.from(`名前,住所\n${'東京,渋谷\n'.repeat(30)}`);
    await expect(extractFile('a.csv', bytes, { encoding: 'euc-jp' })).rejects.toMatchObject({
      code: 'encoding_mismatch',
    });
  });

  it('that fits but for one row keeps the others and rejects that one with its line', async () => {
    const bytes = Buffer.concat([
      iconv.encode('id,name\n1,東京\n2,', 'cp932'),
      Buffer.from([0x85, 0xff, 0x0a]),
      iconv.encode('3,大阪\n', 'cp932'),
    ]);
    const { manifest, request } = await extractFile('a.csv', bytes, { encoding: 'shift_jis' });
    expect(await readLines(request, manifest)).toEqual(['id,name', '1,東京', '3,大阪']);
    expect(manifest.rejected).toHaveLength(1);
    expect(await readRejected(request, manifest)).toEqual([
      expect.objectContaining({ source: 'a.csv', row_number: 3, row: { raw: expect.stringMatching(/^2,/) } }),
    ]);
  });

  it('of a JSON document may be any of them', async () => {
    const bytes = iconv.encode('[{"名前":"東京"},{"名前":"大阪"}]', 'cp932');
    const { manifest, request } = await extractFile('a.json', bytes, { encoding: 'shift_jis' });
    expect(await readRows(request, manifest)).toEqual([{ 名前: '東京' }, { 名前: '大阪' }]);
  });
});
