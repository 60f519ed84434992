import { describe, expect, it } from 'vitest';
import { retries } from '../../lib/infra/machine-retries.ts';
import { scatteredRun } from '../support/aws/scattered-run.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { maxHistoryEvents, maxPayloadBytes, type Task } from '../support/states-interpreter/walk.ts';

/** Fails as often as every retry of the machine lets it, and then lets the work be done. */
function failingAsOftenAsItMay(): (task: Task) => void {
  const left = retries.flatMap(({ ErrorEquals: [name = ''], MaxAttempts }) => Array<string>(MaxAttempts).fill(name));
  return () => {
    const name = left.pop();
    if (name !== undefined) throw new StatesError(name, 'x'.repeat(1_000));
  };
}

describe('a scattered run', () => {
  it('of 10,000 parts stays far below what an execution may have, and so does each of its children', async () => {
    const [small, large] = [await scatteredRun({ parts: 10 }), await scatteredRun({ parts: 10_000 })];
    expect(large.status, large.cause).toBe('SUCCEEDED');
    expect(large.mapRuns.map(({ counts, state }) => [state, counts.succeeded])).toEqual([
      ['Survey', 10_000],
      ['Clean', 10_000],
      ['Gather', 10_000],
      ['Load distributed', 2_000],
    ]);
    expect(large.history.events).toBe(small.history.events);
    expect(large.history.events).toBeLessThan(150);
    // The list of the load's groups alone is no list of the staging bucket.
    expect(large.history.largestBytes).toBeLessThan(maxPayloadBytes / 2);
    for (const { history } of large.mapRuns) {
      expect(history.events).toBeLessThan(20);
      expect(history.largestBytes).toBeLessThan(2_000);
    }
  }, 300_000);

  it('of 10,000 files that have to be copied gives each child few of them', async () => {
    const { history, mapRuns } = await scatteredRun({ parts: 1, copies: 10_000, batch: 'as deployed' });
    expect(mapRuns[0]).toMatchObject({ state: 'Copy' });
    expect(history.events).toBeLessThan(170);
    expect(mapRuns[0]?.history.largestBytes).toBeLessThan(maxPayloadBytes / 16);
  }, 120_000);

  it('fits into an execution also when a call is retried as often as it may be', async () => {
    // Waits of their full length would take longer than a run may.
    const outcome = await scatteredRun({ parts: 1, before: failingAsOftenAsItMay(), wait: 0.3 });
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(outcome.history.events).toBeGreaterThan(2_000);
    expect(outcome.history.events).toBeLessThan(maxHistoryEvents / 4);
  });

  it('may have batches of 1,000 numbers, each item called for by itself', async () => {
    const oneByOne = ({ args }: Task): unknown => ({
      done: (args.Payload as { readonly done: number }).done + 1,
    });
    const outcome = await scatteredRun({ parts: 1_000, batch: 1_000, work: oneByOne });
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    for (const { history } of outcome.mapRuns) {
      expect(history.events).toBeLessThan(maxHistoryEvents / 2);
      expect(history.largestBytes).toBeLessThan(maxPayloadBytes / 5);
    }
  }, 60_000);
});
