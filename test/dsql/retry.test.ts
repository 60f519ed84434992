import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { ConflictRetriesExhaustedError, StatementRefusedError, TargetUnavailableError } from '../../lib/dsql/errors.ts';
import { retryCeilingsMs, withRetries } from '../../lib/dsql/retry.ts';
import { runStatement } from '../../lib/dsql/target.ts';

const conflict = (): Error => Object.assign(new Error('change conflicts (OC000)'), { code: '40001' });
const lost = (): Error => Object.assign(new Error('write CONNECTION_CLOSED'), { code: 'CONNECTION_CLOSED' });

function virtualClock(): { readonly clock: Clock; readonly waits: number[] } {
  const waits: number[] = [];
  return { waits, clock: { now: () => new Date(0), sleep: async (ms) => void waits.push(ms) } };
}

describe('a statement that meets conflicts', () => {
  it('is tried again after waits that never pass their ceilings', async () => {
    const { clock, waits } = virtualClock();
    let tries = 0;
    const answer = await withRetries('It', { clock, random: () => 0.999 }, async () => {
      tries += 1;
      if (tries < 4) throw conflict();
      return 'done';
    });
    expect(answer).toBe('done');
    expect(waits).toEqual([50, 999, 1998]);
  });

  it('gives up after the last wait, with the number of attempts', async () => {
    const { clock, waits } = virtualClock();
    const attempt = withRetries('Batch 1', { clock, random: () => 0 }, async () => Promise.reject(conflict()));
    await expect(attempt).rejects.toThrow(ConflictRetriesExhaustedError);
    expect(waits).toHaveLength(retryCeilingsMs.length);
  });

  it('does not count what only tells of a changed schema, once for each connection of a pool', async () => {
    const changed = Object.assign(new Error('schema has been updated by another transaction (OC001)'), {
      code: '40001',
    });
    const { clock, waits } = virtualClock();
    let tries = 0;
    const answer = await withRetries('It', { clock, random: () => 0.999 }, async () => {
      tries += 1;
      if (tries <= 30) throw changed;
      if (tries <= 32) throw conflict();
      return 'done';
    });
    expect(answer).toBe('done');
    expect(waits).toEqual([...Array.from({ length: 30 }, () => 500), 50, 999]);
    const always = withRetries('Batch 1', { clock, random: () => 0 }, async () => Promise.reject(changed));
    await expect(always).rejects.toThrow(/48 times/);
  });

  it('tells lost connections from conflicts', async () => {
    const { clock } = virtualClock();
    const attempt = withRetries('Batch 1', { clock, random: () => 0 }, async () => Promise.reject(lost()));
    await expect(attempt).rejects.toThrow(TargetUnavailableError);
  });

  it('is not repeated when the database refuses it', async () => {
    const { clock, waits } = virtualClock();
    const refusal = Object.assign(new Error('relation "t" does not exist'), { code: '42P01' });
    const attempt = runStatement(
      'Reading',
      { where: { endpoint: 'e', user: 'u' }, retry: { clock, random: () => 0 } },
      () => Promise.reject(refusal),
    );
    await expect(attempt).rejects.toThrow(StatementRefusedError);
    expect(waits).toEqual([]);
  });

  it('stops waiting when it is aborted', async () => {
    const abort = new AbortController();
    abort.abort(new Error('stop'));
    const { clock } = virtualClock();
    await expect(withRetries('It', { clock, random: () => 0, signal: abort.signal }, async () => 1)).rejects.toThrow(
      'stop',
    );
  });
});
