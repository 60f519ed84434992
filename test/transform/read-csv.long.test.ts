import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse';
import { expect, test } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { readParts } from '../../lib/transform/read/read-parts.ts';
import { openUnreadableRows } from '../../lib/transform/read/unreadable-rows.ts';
import { commas } from './support/stage.ts';

/** The same numbers every time, for a file the same everywhere. */
function* numbers(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

test.each([
  ['without line ends in fields, read in parallel', false],
  ['with line ends in fields, read by one thread', true],
])(
  'a file of several read buffers %s equals what csv-parse finds',
  async (_, innerLines) => {
    const folder = await mkdtemp(join(tmpdir(), 'csv-long-'));
    try {
      const path = join(folder, 'a.csv');
      const out = createWriteStream(path);
      const random = numbers(innerLines ? 7 : 11);
      const next = (below: number): number => (random.next().value as number) % below;
      const pieces = ['a', ',', '""', 'é', '日本', ' ', ';', ...(innerLines ? ['\n', '\r\n'] : ['x', 'y'])];
      out.write('n,a,b\n');
      const rows = 900_000;
      for (let i = 0; i < rows; i += 1) {
        const quoted = Array.from({ length: next(24) }, () => pieces[next(pieces.length)]).join('');
        const plain = 'p'.repeat(next(40));
        if (!out.write(next(50) === 0 ? `${i},${plain}\n` : `${i},"${quoted}",${plain}\n`)) {
          await once(out, 'drain');
        }
      }
      out.end();
      await once(out, 'finish');

      const theirs = createHash('sha256');
      let theirRows = 0;
      let ragged = 0;
      const reader = createReadStream(path).pipe(parse({ from: 2, relax_column_count: true }));
      for await (const record of reader as AsyncIterable<string[]>) {
        if (record.length === 3) {
          theirs.update(`${record.join('\u0001')}\u0002`);
          theirRows += 1;
        } else {
          ragged += 1;
        }
      }

      const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder, memoryLimitMb: 512, threads: 2 });
      try {
        const unreadable = await openUnreadableRows(join(folder, 'unreadable'));
        const part = { location: path, local: true, source: 'a', format: 'csv', csv: commas, bytes: 0, path } as const;
        const raw = await readParts([part], { session, scratchDir: folder, unreadable });
        await unreadable.close();
        expect([raw.rows, unreadable.rows()]).toEqual([theirRows, ragged]);
        const ours = createHash('sha256');
        const result = await session.connection.stream(
          `SELECT c0 || chr(1) || coalesce(c1, '') || chr(1) || coalesce(c2, '') || chr(2) FROM ${raw.relation} ORDER BY o`,
        );
        for await (const chunk of result.yieldRowsJs()) {
          ours.update(chunk.map(([line]) => String(line)).join(''));
        }
        expect(ours.digest('hex')).toBe(theirs.digest('hex'));
      } finally {
        session.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  300_000,
);
