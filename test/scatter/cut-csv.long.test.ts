import { expect, test } from 'vitest';
import { commas } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';

const rows = Array.from({ length: 14 }, (_, i) =>
  [`${i}`, i % 3 === 0 ? `"a\n${i},x,y\n""b"", c"` : `n${i}`, `${i * 2}`].join(','),
);
const small = `id,name,n\n${rows.join('\n')}\n`;
/** Bytes of a piece that is smaller than most records, and of larger ones. */
const sizes = [30, 47, 71, 110, 190];

test('a CSV with quoted lines that look like records is the same at every cut', async () => {
  // A longer name in the header moves the cuts behind it, each byte by byte.
  for (let longer = 0; longer < 60; longer += 1) {
    const content = small.replace('name', `name${'e'.repeat(longer)}`);
    await expectSameInPieces({ format: 'csv', content }, { partBytes: 90, bucketBytes: 1_000 });
  }
}, 600_000);

const kinds: Readonly<Record<string, { readonly content: string | Buffer; readonly csv?: Partial<typeof commas> }>> = {
  CRLF: { content: small.replaceAll('\n', '\r\n') },
  'lone CR': { content: small.replaceAll('\n', '\r') },
  'a byte order mark, and another one later': { content: `\uFEFF${small}\uFEFF7,x,1\n` },
  'no header': { content: rows.join('\n'), csv: { header: false } },
  'lines to skip and comments': {
    content: `skip "me\nskip\n#c\n${small}#a "comment\n${rows.join('\n#b\n')}`,
    csv: { skip_lines: 2, comment: '#' },
  },
  'another quote and escape': {
    content: small.replaceAll('""b""', "\\'b\\'").replaceAll('"', "'"),
    csv: { quote: "'", escape: '\\' },
  },
  'broken quotes': {
    content: `${small}20,"open,1\n21,b"c,2\n22, "x",3\n23,"y" z,4\n${rows.join('\n')}\n24,"never closed,1\n25,x,2\n`,
  },
  'no UTF-8 and NUL': {
    content: Buffer.concat([
      Buffer.from(small),
      Buffer.from([0x31, 0x2c, 0xff, 0x2c, 0x31, 10, 0x32, 0x2c, 0, 0x2c, 0x31, 10]),
      Buffer.from(rows.join('\n')),
    ]),
  },
  'one column with blank lines': { content: `a\n1\n\n2\n"x\n\ny"\n\n${'3\n\n'.repeat(20)}` },
  'blank lines': { content: small.replaceAll('\n', '\n\n') },
};

for (const [kind, { content, csv }] of Object.entries(kinds)) {
  test(`a CSV with ${kind} is the same at many cuts`, async () => {
    for (const partBytes of sizes) {
      const input = { format: 'csv', content, csv: { ...commas, ...csv } } as const;
      const { manifest } = await expectSameInPieces(input, { partBytes, bucketBytes: 1_000 });
      expect(manifest.counts.rows_read).toBeGreaterThan(10);
    }
  }, 600_000);
}
