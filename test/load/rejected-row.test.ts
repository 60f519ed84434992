import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepRejectedRows } from '../../lib/load/load.ts';
import type { Fence } from '../../lib/state/fence.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { heldLease } from '../support/held-lease.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;
let fence: Fence;

beforeAll(async () => {
  target = await localTarget();
  await ensureServiceTables(target);
  fence = await heldLease(target, 'rejects');
});

afterAll(async () => {
  await target.remove();
});

/** Keeps these lines of `RejectedRow` for a run, as transform leaves them. */
async function keep(runId: string, lines: readonly string[]): Promise<void> {
  const folder = path.join(target.folder, runId);
  const scratchDir = path.join(folder, 'scratch');
  mkdirSync(scratchDir, { recursive: true });
  writeFileSync(path.join(folder, 'rejected.ndjson'), `${lines.join('\n')}\n`);
  const counts = {
    rows_read: lines.length,
    rows_filtered: 0,
    rows_deduplicated: 0,
    rows_rejected: lines.length,
    rows_clean: 0,
  };
  await keepRejectedRows({
    target,
    fence,
    runId,
    pipelineName: 'test',
    plan: {
      columns: [],
      chunks: [],
      rejected: [{ location: 'rejected.ndjson', rows: lines.length }],
      counts,
      key_columns: [],
      indexes: [],
    },
    store: folderStore(folder),
    scratchDir,
  });
}

const line = (number: number, row: string): string =>
  `{"source":"a.csv","row_number":${number},"column_name":null,"reason":"why","row":${row}}`;

const kept = async (runId: string): Promise<readonly Record<string, unknown>[]> =>
  await target.sql`
    SELECT row_number, source, reason, row::text AS row FROM etl_rejected_row WHERE run_id = ${runId} ORDER BY row_number`;

describe('rejected rows', () => {
  it('are kept with their numbers exact, quotes and backslashes as they were', async () => {
    await keep('exact', [line(1, '{"n":12345678901234567890.0123456789}'), line(2, '{"t":"a\\"b\\\\c\\n{}"}')]);
    expect(await kept('exact')).toMatchObject([
      { row_number: '1', source: 'a.csv', reason: 'why', row: '{"n": 12345678901234567890.0123456789}' },
      { row_number: '2', row: '{"t": "a\\"b\\\\c\\n{}"}' },
    ]);
  });

  it('with a NUL, which jsonb cannot hold, are kept with its escape spelled out', async () => {
    await keep('nul', [line(1, '{"t":"a\\u0000b"}'), line(2, '{"t":"a\\\\u0000b"}')]);
    expect(await kept('nul')).toMatchObject([{ row: '{"t": "a\\\\u0000b"}' }, { row: '{"t": "a\\\\u0000b"}' }]);
  });

  it('over a megabyte are cut, and say so', async () => {
    await keep('long', [line(1, `{"t":"${'x'.repeat(1_500_000)}"}`), line(2, '{"t":"short"}')]);
    const [long, short] = await kept('long');
    expect(JSON.parse(String(long?.row))).toMatchObject({ truncated: true });
    expect(short).toMatchObject({ row: '{"t": "short"}' });
  });

  it('again are kept once', async () => {
    const lines = Array.from({ length: 2_500 }, (_, index) => line(index + 1, `{"i":${index}}`));
    await keep('twice', lines);
    await keep('twice', lines);
    expect(await kept('twice')).toHaveLength(2_500);
  });
});
