import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { undoRun } from '../../lib/run/undo.ts';
import { findRuns } from '../../lib/state/run-history.ts';
import { startHeld } from '../support/held-child.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { undoContext } from '../support/overlapping-runs.ts';
import { playUndoBesideRun, sharedTable } from '../support/undo-beside-run.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

const deletes = (_: number, statement: string): boolean => statement.startsWith('DELETE FROM "public"');
const inserts = (_: number, statement: string): boolean =>
  /etl_load_ledger/.test(statement) && /^INSERT/.test(statement);

async function undoHere(table: string, runId: string): Promise<unknown> {
  const [run] = await findRuns(target.sql, runId);
  if (run === undefined) throw new Error('the run is not in the log');
  return await undoRun(undoContext(target, table), run, 'cli');
}

describe('another pipeline that loads the table of an undo', () => {
  it.each(['same', 'other'] as const)('is held off while rows are deleted (%s rows)', async (beside) => {
    const table = `held_off_${beside}`;
    const shared = await sharedTable(target, table, beside);
    const undo = await shared.startUndo(deletes);
    expect(await undo.reached).toBe('held');
    const refused = await shared.runB();
    expect(refused).toMatchObject({ status: 'failed', error_code: 'undo_under_way', rows_loaded: 0 });
    expect(refused.error_message).toMatch(/is taking back rows of held_off_\w+\. Nothing was loaded/);
    expect(await undo.goOn()).toContain('"rows_deleted":50');
    expect(await shared.runB()).toMatchObject({ status: 'success', rows_inserted: 50 });
    await shared.expectRows(true, 'after both');
  });

  it('finishes an undo that was killed, before it loads', async () => {
    const shared = await sharedTable(target, 'killed_between', 'same');
    const undo = await shared.startUndo(deletes);
    expect(await undo.reached).toBe('held');
    await undo.kill();
    expect(await shared.runB()).toMatchObject({ status: 'success', rows_inserted: 50, rows_unchanged: 0 });
    await shared.expectRows(true, 'after the run');
  });

  it('keeps the undo from beginning while it loads, also where it writes the table another way', async () => {
    const shared = await sharedTable(target, 'loads_first', 'same', 'public.loads_first');
    const run = await startHeld(
      target,
      'run-child.mjs',
      { folder: `${shared.folder}/b`, config: shared.configOfB, connections: 1, chunkRows: 100 },
      inserts,
    );
    expect(await run.reached).toBe('held');
    await expect(undoHere('loads_first', shared.runA)).rejects.toThrow(
      /Pipeline loads_first_b is at work: it loads loads_first too/,
    );
    expect(await run.goOn()).toContain('"success"');
    await expect(undoHere('loads_first', shared.runA)).rejects.toThrow(/later read 20 rows that were in the table/);
    await shared.expectRows(false, 'after the run');
  });

  it('writes no more where it was killed and the undo has begun', async () => {
    const shared = await sharedTable(target, 'woken', 'other');
    const job = { folder: `${shared.folder}/b`, config: shared.configOfB, connections: 1, chunkRows: 100 };
    const run = await startHeld(target, 'run-child.mjs', job, inserts);
    expect(await run.reached).toBe('held');
    run.signal('SIGSTOP');
    const past = JSON.stringify({ expires_at: '2000-01-01T00:00:00.000Z' });
    await target.sql`UPDATE etl_state SET lease = lease || ${past}::text::jsonb WHERE pipeline_name = 'woken_b'`;
    expect(await undoHere('woken', shared.runA)).toMatchObject({ rows_deleted: 50 });
    run.signal('SIGCONT');
    expect(await run.goOn()).toContain('lease');
    expect(await shared.runB()).toMatchObject({ status: 'success', rows_inserted: 50 });
    await shared.expectRows(true, 'after both');
  });

  it('leaves the table right at a statement of the undo', async () => {
    expect(await playUndoBesideRun(target, 'beside_quick', { beside: 'same', n: 6 })).toBe(true);
  });
});
