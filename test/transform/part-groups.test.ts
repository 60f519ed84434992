import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { writePartGroups } from '../../lib/transform/read/part-groups.ts';
import { type Input, runTransform, withoutService } from './support/stage.ts';

const megabyte = 1 << 20;

test('parts are written in statements of some 32 MB, and keep their order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'part-groups-'));
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
  try {
    const part = (name: string, rows: number, megabytes: number) => ({
      sql: `SELECT '${name}' || i AS c0 FROM range(${rows}) t(i)`,
      rows,
      bytes: megabytes * megabyte,
    });
    const parts = [part('a', 3, 20), part('none', 0, 90), part('b', 1, 20), part('c', 2, 90), part('d', 2, 1)];
    const relation = await writePartGroups(session, parts, {
      path: (file) => join(folder, `${file}.parquet`),
      written: '*',
      read: 'c0',
    });
    expect((await readdir(folder)).toSorted()).toEqual(['0.parquet', '1.parquet', '2.parquet']);
    const rows = await session.rows(`SELECT o::INTEGER AS o, c0 FROM ${relation}`);
    expect(rows.map(({ c0, o }) => `${String(o)} ${String(c0)}`)).toEqual([
      '1 a0',
      '2 a1',
      '3 a2',
      '4 b0',
      '5 c0',
      '6 c1',
      '7 d0',
      '8 d1',
    ]);
  } finally {
    session.close();
    await rm(folder, { recursive: true });
  }
});

const csv = [
  'id,n\n1,1\n\n2,2\nragged\n3,"a\nb"\n4,4\n',
  'n,id\n5,5\n',
  'id,n\n',
  'id,n\n6,6\nragged,too,far\n,x\n1,1\n',
];
const ndjson = ['{"id":1,"n":1}\nno object\n\n{"id":2}\n', '{"n":5,"id":5}\n', '\n', '{"id":6,"n":6}\n[]\n{"n":"x"}\n'];

test.each([
  ['csv' as const, csv],
  ['ndjson' as const, ndjson],
])(
  'parts of %s that are written by a statement each give the rows, order and places of parts written by one',
  async (format, contents) => {
    const settings = { key_columns: ['id'], deduplicate: true };
    const parts = (bytes?: number): readonly Input[] => contents.map((content) => ({ format, content, bytes }));
    const together = await runTransform(parts(), settings);
    const apart = await runTransform(parts(40 * megabyte), settings);
    expect(together.rejected.length).toBe(3);
    expect(apart.rejected).toEqual(together.rejected);
    expect(apart.rows).toEqual(together.rows);
    expect(withoutService(apart.rows).map(({ id }) => id)).toEqual(
      format === 'csv' ? ['1', '2', '3', '4', '5', '6'] : ['1', '2', '5', '6'],
    );
    expect(apart.manifest.counts).toEqual(together.manifest.counts);
  },
);
