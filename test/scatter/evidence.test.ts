import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { behind, gatherEvidence, mergeEvidence, noEvidence, surveyOf } from '../../lib/transform/infer/evidence.ts';
import { inferType } from '../../lib/transform/infer/infer-type.ts';
import { surveyColumns } from '../../lib/transform/infer/survey.ts';
import { kinds } from '../transform/support/proof.ts';

let folder: string;
let session: DuckDbSession;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evidence-'));
  session = await openDuckDb({ allowedDirs: [], tempDir: folder, threads: 1 });
});
afterAll(async () => {
  session.close();
  await rm(folder, { recursive: true, force: true });
});

/** How often the values are repeated, so that a survey asks them in one, two or three passes. */
const repeats = [1, 150, 3_000];

test('evidence of pieces, merged in any order, gives the type and the reason that a survey of the whole gives', async () => {
  const value = fc.oneof(...kinds.map((kind) => fc.constantFrom<string | null>(...kind, null)));
  const alike = fc
    .constantFrom(...kinds)
    .chain((kind) => fc.array(fc.constantFrom<string | null>(...kind, null, ' '), { maxLength: 8 }));
  await fc.assert(
    fc.asyncProperty(
      alike,
      fc.array(value, { maxLength: 3 }),
      fc.array(fc.nat(10_000), { maxLength: 4 }),
      fc.constantFrom(...repeats),
      fc.constantFrom(undefined, '%d/%m/%Y'),
      async (first, last, cuts, times, format) => {
        const values = [...first, ...last];
        const rows = first.length * times + last.length;
        const list = (some: readonly (string | null)[]): string =>
          `[${some.map((one) => (one === null ? 'NULL' : quoteText(one))).join(', ')}]::VARCHAR[]`;
        await session.run(
          `CREATE OR REPLACE TABLE given AS SELECT row_number() OVER () AS o, c0 FROM
             (SELECT unnest(${list(first)}) AS c0 FROM range(${times}) UNION ALL SELECT unnest(${list(last)}))`,
        );
        const args = { kind: 'text', columns: [0], numbers: { decimal: '.' }, dateFormat: () => format } as const;
        const whole = (await surveyColumns(session, { ...args, relation: 'given', rows })).get(0);
        const ends = [...new Set([...cuts.map((cut) => cut % (rows + 1)), rows])].toSorted((a, b) => a - b);
        const pieces = [];
        for (const [at, end] of ends.entries()) {
          const start = ends[at - 1] ?? 0;
          const relation = `(SELECT o - ${start} AS o, c0 FROM given WHERE o > ${start} AND o <= ${end})`;
          const found = (await gatherEvidence(session, { ...args, relation, rows: end - start })).get(0);
          pieces.push(behind(start, found ?? noEvidence));
        }
        const merged = pieces.toReversed().reduce(mergeEvidence, noEvidence);
        expect(values.length === 0 || whole !== undefined).toBe(true);
        if (whole === undefined || rows === 0) return;
        expect(inferType(surveyOf(merged, rows, format !== undefined), format)).toEqual(inferType(whole, format));
      },
    ),
    { numRuns: Number(process.env.RUNS ?? 20) },
  );
}, 600_000);
