import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { idRange } from '../../lib/id-range.ts';
import { bucketOfHex } from '../../lib/scatter/bucket.ts';

let session: DuckDbSession;

beforeAll(async () => {
  session = await openDuckDb({ allowedDirs: [], tempDir: '.' });
});

afterAll(() => {
  session.close();
});

/** The bucket that the gather gives an id. */
async function bucketOf(id: string, buckets: number): Promise<number> {
  const [row] = await session.rows(`SELECT ${bucketOfHex('t', buckets)} AS b FROM (SELECT ${quoteText(id)} AS t)`);
  return Number(row?.b);
}

test('a bucket is the range of its ids, without a gap and without an overlap', async () => {
  const beginning = fc.integer({ min: 0, max: 0xffff_ffff });
  await fc.assert(
    fc.asyncProperty(beginning, fc.integer({ min: 1, max: 2 ** 20 }), async (first, buckets) => {
      const id = `${first.toString(16).padStart(8, '0')}-0000-8000-8000-000000000000`;
      const number = await bucketOf(id, buckets);
      const range = idRange(number, buckets);
      expect(range.first === undefined || range.first <= id).toBe(true);
      expect(range.end === undefined || id < range.end).toBe(true);
      expect(range.first === undefined).toBe(number === 0);
      // The first id of a range is in it, and the last one before it is not.
      if (range.first !== undefined) {
        expect(idRange(number - 1, buckets).end).toBe(range.first);
        const before = (Number.parseInt(range.first, 16) - 1).toString(16).padStart(8, '0');
        expect(await bucketOf(range.first, buckets)).toBe(number);
        expect(await bucketOf(`${before}-ffff`, buckets)).toBeLessThan(number);
      }
      expect(idRange(buckets - 1, buckets).end).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});
