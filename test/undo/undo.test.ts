import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resetPipeline } from '../../lib/run/reset.ts';
import { undoRun } from '../../lib/run/undo.ts';
import { takeLease } from '../../lib/state/lease.ts';
import { findRuns, type PastRun } from '../../lib/state/run-history.ts';
import { playKilledUndo } from '../support/killed-undo.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { linesOf, loadRows, overlaps, type Source, takeBackInOrder, undoContext } from '../support/overlapping-runs.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

const rowsOf = (from: number, to: number, word: string): Source =>
  new Map(Array.from({ length: to - from }, (_, i) => [from + i, `${word}${from + i}`]));

async function runOf(id: string): Promise<PastRun> {
  const [run] = await findRuns(target.sql, id);
  if (run === undefined) throw new Error('the run is not in the log');
  return run;
}

describe('runs into one table', () => {
  it('are taken back exactly where they only inserted', async () => {
    const [insert] = overlaps;
    if (insert === undefined) throw new Error('no load mode');
    const sources = [0, 1, 2].map((day) => rowsOf(day * 30, day * 30 + 50, `day${day}of`));
    expect(await takeBackInOrder(target, 'inserted', insert, sources, [1, 0])).toEqual([true, true]);
  });
});

describe('an undo that is killed at a statement', () => {
  it.each([
    { kind: 'undo', late: true, n: 14, next: 'run' },
    { kind: 'reset', late: false, n: 18, next: 'again' },
  ] as const)('is finished by the next ($kind at $n)', async (plan) => {
    expect(await playKilledUndo(target, plan, `killed_${plan.kind}`)).toBe(true);
  });
});

describe('a run that cannot be taken back', () => {
  const upsert = 'load_mode: upsert, key_columns: [id]';

  it('is told why', async () => {
    const first = await loadRows(target, 'why', upsert, rowsOf(0, 40, 'a'));
    const same = await loadRows(target, 'why', upsert, rowsOf(20, 60, 'a'));
    const changing = await loadRows(target, 'why', upsert, rowsOf(50, 70, 'b'));
    const context = undoContext(target, 'why');
    await expect(undoRun(context, await runOf(first), 'cli')).rejects.toThrow(`run ${same} later read 20 rows`);
    await expect(undoRun(context, await runOf(changing), 'cli')).rejects.toThrow('it changed 10 rows');
    await expect(undoRun(context, await runOf(same), 'cli')).rejects.toThrow('10 of the 20 rows');
    await target.sql`DELETE FROM why WHERE id = 3`;
    await expect(undoRun(context, await runOf(first), 'cli')).rejects.toThrow(
      'it inserted 40 rows, and the table has 39',
    );
  });

  it('is one of a table that is not ours, one that was taken back, and one of a pipeline at work', async () => {
    await target.sql`CREATE TABLE theirs (id bigint, name text)`;
    const theirs = await loadRows(target, 'theirs', 'load_mode: insert', rowsOf(0, 5, 'a'));
    await expect(undoRun(undoContext(target, 'theirs'), await runOf(theirs), 'cli')).rejects.toThrow(
      'not made by the service',
    );
    const once = await loadRows(target, 'once', 'load_mode: insert', rowsOf(0, 5, 'a'));
    await takeLease(target, { name: 'once', holder: 'another', runId: 'other', seconds: 60 });
    await expect(undoRun(undoContext(target, 'once'), await runOf(once), 'cli')).rejects.toThrow(
      'run other is under way',
    );
    await target.sql`UPDATE etl_state SET lease = NULL WHERE pipeline_name = 'once'`;
    const undo = await undoRun(undoContext(target, 'once'), await runOf(once), 'cli');
    await expect(undoRun(undoContext(target, 'once'), await runOf(once), 'cli')).rejects.toThrow(
      `run ${undo.run_id} has taken`,
    );
    await expect(undoRun(undoContext(target, 'once'), await runOf(undo.run_id), 'cli')).rejects.toThrow(
      'it has loaded nothing',
    );
    // Its content may be loaded again.
    await loadRows(target, 'once', 'load_mode: insert', rowsOf(0, 5, 'a'));
    expect(await linesOf(target, 'once')).toHaveLength(5);
  });
});

describe('a reset', () => {
  it('deletes what the pipeline has inserted, and lets it load the same again', async () => {
    const settings = 'load_mode: upsert, key_columns: [id]';
    await loadRows(target, 'anew', settings, rowsOf(0, 60, 'a'));
    await loadRows(target, 'anew', settings, rowsOf(30, 90, 'b'));
    await target.sql`INSERT INTO anew (uuid_id, id, name) VALUES ('00000000-0000-0000-0000-000000000001', 500, 'by hand')`;
    const demand = { pipelineName: 'anew', targetTable: 'anew', keepRows: false };
    const result = await resetPipeline(undoContext(target, 'anew'), demand, 'cli');
    expect(result).toMatchObject({ kind: 'reset', rows_deleted: 90, watermark: 'forgotten' });
    expect(await linesOf(target, 'anew')).toEqual(['500 by hand']);
    await loadRows(target, 'anew', settings, rowsOf(30, 90, 'b'));
    expect(await linesOf(target, 'anew')).toHaveLength(61);
  });

  it('is refused where another pipeline has rows in common, unless the rows stay', async () => {
    await target.sql`CREATE TABLE foreign_reset (id bigint, name text)`;
    await loadRows(target, 'foreign_reset', 'load_mode: insert', rowsOf(0, 5, 'a'));
    const demand = { pipelineName: 'foreign_reset', targetTable: 'foreign_reset' };
    const context = undoContext(target, 'foreign_reset');
    await expect(resetPipeline(context, { ...demand, keepRows: false }, 'cli')).rejects.toThrow(
      'not made by the service',
    );
    expect(await resetPipeline(context, { ...demand, keepRows: true }, 'cli')).toMatchObject({
      kind: 'forget',
      rows_deleted: 0,
    });
    expect(await linesOf(target, 'foreign_reset')).toHaveLength(5);
  });
});
