import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { NestedSourceError } from '../../lib/transform/errors.ts';
import { mergeShapes, noMembers, type ShapeEvidence } from '../../lib/transform/shape/member-evidence.ts';
import { type ShapedRows, shapeKnown } from '../../lib/transform/shape/shape-rows.ts';
import { plainSettings } from '../transform/support/stage.ts';

let folder: string;
let session: DuckDbSession;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shape-evidence-'));
  session = await openDuckDb({ allowedDirs: [folder], tempDir: folder, threads: 1 });
});
afterAll(async () => {
  session.close();
  await rm(folder, { recursive: true, force: true });
});

/** JSON texts of a few names, so that they meet, with names that have dots and names that are there twice. */
const { value } = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('1', '"text"', 'null', '2.50'),
    { weight: 3, arbitrary: tie('object') },
    tie('list'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'a.b'), tie('value')), { maxLength: 3 })
    .map((members) => `{${members.map(([name, of]) => `"${name}":${of}`).join(',')}}`),
  list: fc.array(tie('value'), { maxLength: 3 }).map((elements) => `[${elements.join(',')}]`),
}));

const settings = fc.record({
  flatten: fc.constantFrom(undefined, 1, 2, 4),
  explode: fc.constantFrom(undefined, 'c0', 'c1', 'c0.a', 'c1.b', 'c0.a.b'),
});

test('the shape that pieces say together is that of the whole, and shapes each piece as the whole does', async () => {
  let shaped = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.option(value), fc.option(value)), { minLength: 1, maxLength: 7 }),
      fc.array(fc.nat(6), { maxLength: 3 }),
      settings,
      async (rows, cuts, asked) => {
        const request = { settings: { ...plainSettings, ...asked }, targetColumns: [] };
        const cell = (text: string | null): string =>
          text === null || text === 'null' ? 'NULL::VARCHAR' : quoteText(text);
        const values = rows.map(([one, two], at) => `(${at + 1}, ${cell(one)}, ${cell(two)})`);
        await session.run(
          `CREATE OR REPLACE TABLE given AS SELECT o::BIGINT AS o, 0::UBIGINT AS h, c0, c1 FROM (VALUES ${values.join(', ')}) AS v(o, c0, c1)`,
        );
        const raw = (from: number, to: number) => ({
          kind: 'json' as const,
          relation: `(SELECT * REPLACE (o - ${from} AS o) FROM given WHERE o > ${from} AND o <= ${to})`,
          columns: ['c0', 'c1'].map((sourceName) => ({ sourceName, duckType: 'VARCHAR' })),
          rows: to - from,
          parts: [],
        });
        const shape = (from: number, to: number, isPiece: boolean, known?: ShapeEvidence) =>
          shapeKnown(request, session, raw(from, to), folder, { known, isPiece });
        const contents = async (relation: string) =>
          await session.rows(`SELECT * EXCLUDE (o, r) FROM ${relation} ORDER BY o`);
        const ends = [...new Set([...cuts.map((at) => at % rows.length), rows.length])].toSorted((a, b) => a - b);
        const pieces = [];
        for (const [at, end] of ends.entries()) pieces.push((await shape(ends[at - 1] ?? 0, end, true)).evidence);
        const merged = pieces.reduce(mergeShapes, []);
        const whole = await shape(0, rows.length, false).catch((error: unknown) => error);
        if (whole instanceof NestedSourceError) {
          // A path that two columns have is refused by what the pieces say together, too.
          await expect(shape(0, 0, false, merged)).rejects.toThrow(whole.message);
          refused += 1;
          return;
        }
        if (!isShape(whole)) throw whole;
        const all = await contents(whole.raw.relation);
        expect(said(merged)).toEqual(said(whole.evidence));
        const found = [];
        for (const [at, end] of ends.entries()) {
          const piece = await shape(ends[at - 1] ?? 0, end, false, merged);
          expect(piece.paths).toEqual(whole.paths);
          found.push(...(await contents(piece.raw.relation)));
        }
        expect(found).toEqual(all);
        if (whole.paths.length > 2) shaped += 1;
      },
    ),
    { numRuns: 200, examples: [[[['{"a":{"b":1},"a.b":1}', null]], [], { flatten: undefined, explode: 'c0.a.b' }]] },
  );
  expect(shaped).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(0);
}, 300_000);

function isShape(result: unknown): result is ShapedRows {
  return typeof result === 'object' && result !== null && 'evidence' in result;
}

/** What evidence says of columns that have a value; of a column that was asked more than once, the same. */
function said(evidence: ShapeEvidence): unknown {
  return mergeShapes(evidence, [])
    .filter(({ of }) => JSON.stringify(of) !== JSON.stringify(noMembers))
    .toSorted((one, other) => (JSON.stringify(one.path) < JSON.stringify(other.path) ? -1 : 1));
}
