import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonPath } from '../../lib/config/json-path.ts';
import { JsonScanner } from '../../lib/extract/json/json-scanner.ts';
import { JsonSyntaxError } from '../../lib/extract/json/json-syntax-error.ts';
import { newPathNode } from '../../lib/extract/json/path-tree.ts';
import { rowSearch, searchTree } from '../../lib/extract/json/row-search.ts';
import { scanRecords } from '../../lib/extract/json/scan-records.ts';

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((to, index) => bytes.subarray(edges[index], to));
}

function scan(text: string, path: string | undefined, cuts: readonly number[] = []) {
  const records: string[] = [];
  const captures = { first: parseJsonPath('$.meta.next'), deep: parseJsonPath('$..never[0]') };
  const root = searchTree(rowSearch({ records_path: path }), captures);
  const scanner = new JsonScanner(root, (raw) => records.push(raw.toString()));
  for (const piece of cut(Buffer.from(text), cuts)) scanner.write(piece);
  return { records, summary: scanner.end() };
}

/** JSON with what generators make: odd names, escapes, blanks, nesting. */
const document = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1, 2, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent));
const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });

describe('the JSON scanner', () => {
  it('hands out the elements of an array as JSON.parse sees them, wherever the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
        fc.constantFrom(0, 2),
        cuts,
        (rows, indent, at) => {
          const meta = { next: 'c' };
          for (const [text, path] of [
            [JSON.stringify(rows, null, indent), undefined],
            [JSON.stringify({ meta, results: rows, also: [1] }, null, indent), undefined],
            [JSON.stringify({ meta, a: { 'b c': rows } }, null, indent), "$.a['b c'][*]"],
          ] as const) {
            const { records, summary } = scan(text, path, at);
            expect(records.map((record) => JSON.parse(record) as unknown)).toEqual(JSON.parse(JSON.stringify(rows)));
            if (text.startsWith('{')) expect(summary.captures.get('first')).toBe('"c"');
          }
        },
      ),
    );
  });

  it('accepts what JSON.parse accepts and refuses what it refuses', () => {
    const broken = fc
      .tuple(
        document,
        fc.nat(),
        fc.constantFrom('', ',', '}', ']', '"', '\\', '0', 'e', '-', ' ', '\n', 'nul', '\u0001'),
      )
      .map(([text, at, insert]) => {
        const place = at % (text.length + 1);
        return insert === ''
          ? text.slice(0, place) + text.slice(place + 1)
          : text.slice(0, place) + insert + text.slice(place);
      });
    fc.assert(
      fc.property(fc.oneof(document, broken), cuts, (text, at) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        let accepted = true;
        try {
          scan(text, '$', at);
        } catch (thrown) {
          if (!(thrown instanceof JsonSyntaxError)) throw thrown;
          accepted = false;
        }
        expect(accepted).toBe(valid);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '1e+',
    '-',
    'tru',
    'nulll',
    'True',
    "'a'",
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    '"\\x"',
    '"\\u12g4"',
    '"a\nb"',
    '[1 2]',
    '{"a" 1}',
    '1 2',
    '[',
    '{"a":',
    '"',
    '\u00a01',
    '',
  ])('refuses %j', (text) => {
    expect(() => scan(text, '$')).toThrow(JsonSyntaxError);
  });

  it('keeps every digit and escape of a record', () => {
    const row = '{ "n": 1.10, "big": 123456789012345678901234567890, "e": -1.5E+300, "t": "\\u00e9\\/\\ud83d\\ude00" }';
    for (let at = 0; at <= row.length; at += 1) expect(scan(`[${row}]`, undefined, [at]).records).toEqual([row]);
  });

  it('says where a text goes wrong', () => {
    expect(() => scan('[{"a": 1},\n {"a": ]', undefined)).toThrow(expect.objectContaining({ offset: 18 }));
  });

  it('follows paths through arrays, indexes and repeated members', () => {
    const text = '{"pages":[{"items":[{"id":1}]},{"items":[{"id":2},{"id":3}]},{"items":null}]}';
    expect(scan(text, '$.pages[*].items[*]').records).toEqual(['{"id":1}', '{"id":2}', '{"id":3}']);
    expect(scan(text, 'pages[1].items').records).toEqual(['{"id":2}', '{"id":3}']);
    expect(scan(text, '$.pages[2].items').records).toEqual([]);
    expect(scan('{"data":{"id":1}}', 'data').records).toEqual(['{"id":1}']);
    expect(scan('{"by_id":{"a":{"id":1},"b":{"id":2}}}', '$.by_id.*').records).toEqual(['{"id":1}', '{"id":2}']);
  });

  it('finds by any JSONPath what json-p3 finds, with the digits of the text', async () => {
    const text = '{"l":[{"p":1.10,"t":"a"},{"p":20.00,"t":"b"},{"p":3,"t":"a"}],"x":{"l":[{"p":0.50}]}}';
    for (const [path, expected] of [
      ['$.l[?@.p > 2]', ['{"p":20.00,"t":"b"}', '{"p":3,"t":"a"}']],
      ['$.l[-1:]', ['{"p":3,"t":"a"}']],
      ['$..l[?@.t == "a" || @.p < 1]', ['{"p":1.10,"t":"a"}', '{"p":3,"t":"a"}', '{"p":0.50}']],
      ['$.l[?@.p > 99]', []],
    ] as const) {
      const records: string[] = [];
      async function* pieces() {
        yield* cut(Buffer.from(text), [7, 21]);
      }
      const options = {
        rows: rowSearch({ records_path: path }),
        captures: {},
        onRecord: (raw: Buffer) => void records.push(raw.toString()),
        afterPiece: async () => undefined,
      };
      expect((await scanRecords(pieces(), options)).reached).toBe(true);
      expect(records).toEqual(expected);
    }
  });

  it('refuses nesting that is only there to exhaust it', () => {
    const scanner = new JsonScanner(newPathNode(), () => undefined);
    expect(() => scanner.write(Buffer.alloc(100_000, '['))).toThrow('nesting');
  });
});
