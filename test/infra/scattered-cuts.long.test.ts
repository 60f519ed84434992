import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BothWays, deployBothWays } from '../support/aws/both-ways.ts';

/** Records by their `id` of six digits; all of a kind are as long as each other. */
const kinds = {
  quoted: (id: string) => `${id},"a\n${id},x,7\n""${id}"", b",${rejected(id) ? 'xx' : id.slice(-2)}\n`,
  crlf: (id: string) => `${id},"a\r\n${id},x,7\r\n""b"", c",${rejected(id) ? 'xx' : id.slice(-2)}\r\n`,
  // A quote in a text that does not begin with one is part of it, and changes what a count of quotes would say.
  stray: (id: string) => `${id},b"c,${id.slice(-2)}\n${id},"q\n""\n${id},y",${rejected(id) ? 'xx' : '77'}\n`,
  unicode: (id: string) => `${id},"東京\n${id},é,7\n""🚀",${rejected(id) ? 'xx' : id.slice(-2)}\n`,
} as const;

type Kind = keyof typeof kinds;

/** In each piece there is one, because a piece has ten records. */
function rejected(id: string): boolean {
  return id.endsWith('4');
}

/**
 * A CSV that is cut behind each byte of its records: they are of L bytes, and pieces of 10 L + 1, so each cut is one byte
 * further into its record than the one before. Every third record repeats one of another piece.
 */
function everyCut(kind: Kind): { readonly content: Buffer; readonly pieceBytes: number; readonly pieces: number } {
  const length = Buffer.byteLength(kinds[kind]('100000'));
  const lineEnd = kind === 'crlf' ? '\r\n' : '\n';
  const header = `id,name,${'n'.padEnd(length + 1 - 'id,name,'.length - lineEnd.length, 'n')}${lineEnd}`;
  const count = 10 * length + 10;
  const records = Array.from({ length: count }, (_, i) =>
    kinds[kind](String(100_000 + (i % 3 === 2 ? (i * 7) % count : i))),
  );
  return { content: Buffer.from(header + records.join('')), pieceBytes: 10 * length + 1, pieces: length + 1 };
}

const modes = {
  insert: 'load_mode: insert',
  upsert: 'load_mode: upsert, key_columns: [id]',
} as const;
const names = Object.keys(kinds) as readonly Kind[];

let both: BothWays;

beforeAll(async () => {
  const pipelines = names.flatMap((kind) =>
    Object.entries(modes).map(([mode, settings]) => {
      const { content, pieceBytes } = everyCut(kind);
      const [, column = ''] = /^id,name,(n+)/.exec(content.toString()) ?? [];
      const shared = `source_type: file, file_path: s3://incoming/${kind}.csv, columns: { ${column}: bigint }`;
      // Half a byte less, because the size of a piece is rounded up to whole bytes.
      return [
        `${kind}_${mode}`,
        { settings: `${shared}, ${settings}`, piece_mb: (pieceBytes - 0.5) / 2 ** 20 },
      ] as const;
    }),
  );
  both = await deployBothWays(Object.fromEntries(pipelines));
  for (const kind of names) await both.service.aws.putObject('incoming', `${kind}.csv`, everyCut(kind).content);
}, 240_000);

afterAll(async () => {
  await both?.close();
});

describe('a CSV of quoted line ends that is cut behind every byte of its records', () => {
  it.each(names.flatMap((kind) => Object.keys(modes).map((mode) => [kind, mode] as const)))(
    'leaves the rows, ids, rejected rows and log of one go: %s, %s',
    async (kind, mode) => {
      const { content, pieceBytes, pieces } = everyCut(kind);
      expect(content.length).toBe(pieces * pieceBytes);
      const { buckets, left, outcome, slices } = await both.expectSame(`${kind}_${mode}`);
      expect(slices).toBe(pieces);
      expect(buckets).toBeGreaterThan(1);
      // Where the first record is guessed wrong, slices are surveyed again.
      const surveys = outcome.mapRuns.filter(({ state }) => state === 'Survey');
      expect(surveys).toHaveLength(kind === 'stray' ? 2 : 1);
      expect(left.rejected.length).toBeGreaterThan(pieces / 2);
      expect(left.rows.length).toBeGreaterThan(100);
    },
    180_000,
  );
});
