import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { sharedTable } from '../support/undo-beside-run.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

/** More cases, and every statement of an undo, are in the long suites beside this one. */
describe('another pipeline that loads the table of an undo', () => {
  it('is held off while rows are deleted', async () => {
    const shared = await sharedTable(target, 'held_off', 'same');
    const undo = await shared.startUndo((_, statement) => statement.startsWith('DELETE FROM "public"'));
    expect(await undo.reached).toBe('held');
    const refused = await shared.runB();
    expect(refused).toMatchObject({ status: 'failed', error_code: 'undo_under_way', rows_loaded: 0 });
    expect(await undo.goOn()).toContain('"rows_deleted":50');
    expect(await shared.runB()).toMatchObject({ status: 'success', rows_inserted: 50 });
    await shared.expectRows(true, 'after both');
  });
});
