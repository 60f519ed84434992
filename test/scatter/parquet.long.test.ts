import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { parquetRows } from '../../lib/duckdb/parquet-rows.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import type { RawPart } from '../../lib/manifest.ts';
import { scatterJob } from '../../lib/scatter/job.ts';
import { localGroups, parquetSlices } from '../../lib/scatter/parquet-slices.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import type { TransformRequest } from '../../lib/transform/request.ts';
import { int96Times, nanosecondTimes, nestedTimes } from '../transform/support/parquet-times.ts';
import { data } from '../transform/support/real-data.ts';
import { runTransformBy } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';
import { recordedStore } from './support/recorded-store.ts';

let folder: string;
let session: DuckDbSession;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-slices-'));
  session = await openDuckDb({ allowedDirs: [folder, data('.')], tempDir: folder });
});

afterAll(async () => {
  session.close();
  await rm(folder, { recursive: true, force: true });
});

/** A Parquet of many small row groups, with texts in dictionaries, lists, and columns without values. */
async function manyGroups(rows = 20_000): Promise<string> {
  const path = join(folder, `groups-${rows}.parquet`);
  await session.run(
    `COPY (SELECT i AS id, 'name ' || i % 90 AS name, [i, i + 1] AS list, {'a': i, 'b': 'x' || i} AS deep,
        CASE WHEN i % 3 = 0 THEN i / 7 END AS part, NULL::INTEGER AS none, TIMESTAMP '2025-01-01' + INTERVAL (i) SECOND AS at
       FROM range(${rows}) AS t(i))
     TO ${quoteText(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048, KV_METADATA {note: 'of the file'})`,
  );
  return path;
}

/** The slices of a file, and each as a file of its own. */
async function slicesOf(request: TransformRequest, path: string, partBytes: number): Promise<readonly string[]> {
  const bytes = (await readFile(path)).length;
  const part: RawPart = { location: path, local: true, source: 'file', format: 'parquet', bytes };
  const slices = (await parquetSlices(await scatterJob(request, { partBytes, bucketBytes: 1e9 }), part, 0)) ?? [];
  const paths: string[] = [];
  for (const [at, { parquet }] of slices.entries()) {
    if (parquet === undefined) throw new Error('No row groups.');
    const own = join(folder, `slice-${at}.parquet`);
    await localGroups(request.store, part, parquet, own);
    paths.push(own);
  }
  return paths;
}

test('slices of a Parquet file have its rows in their order, whichever program wrote it', async () => {
  const [nanoseconds, int96, nested] = await Promise.all(
    Object.entries({ nanosecondTimes, int96Times, nestedTimes }).map(async ([name, bytes]) => {
      await writeFile(join(folder, name), bytes);
      return join(folder, name);
    }),
  );
  const files = { groups: await manyGroups(), flights: data('flights-3m.parquet'), int96: int96 ?? '' };
  await runTransformBy(
    async (request) => {
      for (const [name, path] of Object.entries(files)) {
        const slices = await slicesOf(request, path, name === 'flights' ? 1_000_000 : 1);
        expect(slices.length, name).toBeGreaterThan(1);
        const rowsOf = (of: string | readonly string[]): string =>
          `SELECT row_number() OVER () AS n, t FROM (SELECT * FROM ${parquetRows(of)}) AS t`;
        const [found] = await session.rows(
          `SELECT count(*) AS n, count(*) FILTER (WHERE a.t IS DISTINCT FROM b.t) AS other
             FROM (${rowsOf(path)}) AS a FULL JOIN (${rowsOf(slices)}) AS b USING (n)`,
        );
        expect(Number(found?.other), name).toBe(0);
        expect(Number(found?.n), name).toBeGreaterThan(2);
      }
      // One row group cannot be cut.
      for (const path of [nanoseconds, nested]) expect(await slicesOf(request, path ?? '', 1)).toEqual([]);
      return await transformScattered(request, { partBytes: 1e9, bucketBytes: 1e9 });
    },
    { format: 'csv', content: 'id\n1\n' },
  );
}, 120_000);

test('times with nanoseconds in one row group alone are the same in pieces', async () => {
  const { manifest, rows } = await expectSameInPieces({ format: 'parquet', content: int96Times }, { partBytes: 1 });
  expect(manifest.columns.find(({ name }) => name === 't')?.type).toBe('text');
  expect(rows).toHaveLength(3);
}, 60_000);

test('a damaged file, and one that is no Parquet, are refused in pieces with the same words', async () => {
  const whole = await readFile(await manyGroups());
  for (const content of [
    Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(90_000, 1), Buffer.from('PAR1')]),
    Buffer.concat([whole.subarray(0, whole.length - 8), Buffer.from([255, 255, 255, 0]), Buffer.from('PAR1')]),
  ]) {
    await expect(expectSameInPieces({ format: 'parquet', content }, { partBytes: 10_000 })).rejects.toThrow(
      /input-0: /,
    );
  }
}, 60_000);

test('of a Parquet file in the store a survey or clean fetches the row groups of its slice alone', async () => {
  const path = await manyGroups();
  const bytes = await readFile(path);
  await runTransformBy(
    async (request) => {
      const location = 'runs/r1/raw/part-00000.parquet';
      await request.store.put(location, bytes);
      const { store, take } = recordedStore(request.store);
      const part: RawPart = { location, local: false, source: 'file', format: 'parquet', bytes: bytes.length };
      const raw = { ...request.raw, parts: [part] };
      const manifest = await transformScattered({ ...request, raw, store }, { partBytes: 60_000, bucketBytes: 1e9 });
      const reads = take().filter(({ key }) => key === 'part-00000.parquet');
      const slices = reads.filter((read) => (read.bytes ?? 0) > 20_000);
      expect(slices.length).toBeGreaterThan(6);
      expect(Math.max(...slices.map((read) => read.bytes ?? 0))).toBeLessThan(60_000);
      // Once by the survey and once by the clean, and what the file says of itself.
      const fetched = reads.reduce((sum, read) => sum + (read.bytes ?? 0), 0);
      expect(fetched).toBeLessThan(bytes.length * 2.2);
      return manifest;
    },
    { format: 'csv', content: 'id\n1\n' },
  );
}, 60_000);
