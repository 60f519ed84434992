import { describe, expect, it } from 'vitest';
import { errorOfChild } from '../../functions/runtime/error-of-child.ts';
import { failureOf } from '../../functions/runtime/execution-failure.ts';
import { mapFailureKey } from '../../lib/run/store-keys.ts';

const run = { run_id: 'run-1' };
const exceeded = { Error: 'States.ExceedToleratedFailureThreshold', Cause: 'The specified threshold was exceeded' };
const kept = { Error: 'TableVanishedError', Cause: '{"errorMessage":"The table is gone [table_vanished]"}' };

/** A store that has one object. */
const holding = (key: string, body: string) => ({
  get: async (asked: string) => (asked === key ? new TextEncoder().encode(body) : undefined),
});

describe('the error of a child execution', () => {
  it('is read where the children of this execution keep it', async () => {
    const store = holding(mapFailureKey(run, 'exec-1'), JSON.stringify(kept));
    expect(await errorOfChild(store, run, 'exec-1', exceeded)).toEqual(kept);
    expect(failureOf('FAILED', kept)).toMatchObject({ code: 'table_vanished', message: 'The table is gone' });
    expect(await errorOfChild(store, run, 'exec-2', exceeded)).toBe(exceeded);
  });

  it('leaves every other error alone, and stays unknown where it cannot be read', async () => {
    const key = mapFailureKey(run, 'exec-1');
    const other = { Error: 'BadRuleError' };
    expect(await errorOfChild(holding(key, JSON.stringify(kept)), run, 'exec-1', other)).toBe(other);
    expect(await errorOfChild(holding(key, 'no JSON'), run, 'exec-1', exceeded)).toBe(exceeded);
    const broken = { get: async () => await Promise.reject(new Error('down')) };
    expect(await errorOfChild(broken, run, 'exec-1', exceeded)).toBe(exceeded);
    expect(failureOf('FAILED', exceeded)).toMatchObject({ code: 'child_failed' });
  });
});
