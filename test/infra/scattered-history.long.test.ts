import { describe, expect, it } from 'vitest';
import { retries } from '../../lib/infra/machine-retries.ts';
import { scatteredMachine, scatteredMaps } from '../support/aws/scattered-machine.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { interpret, type Outcome } from '../support/states-interpreter/interpret.ts';
import { memoryObjects } from '../support/states-interpreter/memory-objects.ts';
import { maxHistoryEvents, maxPayloadBytes, type Task } from '../support/states-interpreter/walk.ts';

const runId = `objects-${'0'.repeat(36)}`;

/** Executes the scattered machine over as many parts, buckets and groups of chunks. */
async function scattered(
  parts: number,
  batch: number,
  answer: (task: Task) => Promise<unknown> = done,
): Promise<Outcome> {
  const numbers = JSON.stringify(Array.from({ length: parts }, (_, index) => index));
  const files = ['parts', 'buckets', 'groups'].map((name) => [`staging/runs/${runId}/${name}.json`, numbers] as const);
  return await interpret(scatteredMachine(), {
    input: { pipeline: 'sales', batch, run: { run_id: runId, trigger: 's3', epoch: 1_767_225_600_000 } },
    execution: {
      Id: `arn:aws:states:us-east-1:000000000000:execution:dsql-etl-prod:${runId}`,
      Name: runId,
      StartTime: '2026-01-01T00:00:00.000Z',
    },
    objects: memoryObjects(Object.fromEntries(files)),
    runTask: answer,
    random: () => 1,
  });
}

/** A function that does all that it is asked for. */
async function done({ args }: Task): Promise<unknown> {
  const { items } = args.Payload as { readonly items?: readonly unknown[] };
  return { Payload: { done: items?.length ?? 0 } };
}

/** Fails as often as every retry of the machine lets it, and then does its work. */
function failingAsOftenAsItMay(): (task: Task) => Promise<unknown> {
  const left = retries.flatMap(({ ErrorEquals: [name = ''], MaxAttempts }) => Array<string>(MaxAttempts).fill(name));
  return async (task) => {
    const name = left.pop();
    if (name === undefined) return await done(task);
    throw new StatesError(name, 'x'.repeat(1_000));
  };
}

describe('a scattered run', () => {
  it('of 10,000 parts stays far below what an execution may have, and so does each of its children', async () => {
    const [small, large] = [await scattered(10, 1), await scattered(10_000, 1)];
    expect(large.status, large.cause).toBe('SUCCEEDED');
    expect(large.mapRuns.map(({ counts, state }) => [state, counts.succeeded])).toEqual(
      Object.keys(scatteredMaps).map((name) => [name, 10_000]),
    );
    expect(large.history).toEqual(small.history);
    expect(large.history.events).toBeLessThan(100);
    expect(large.history.largestBytes).toBeLessThan(2_000);
    for (const { history } of large.mapRuns) {
      expect(history.events).toBeLessThan(20);
      expect(history.largestBytes).toBeLessThan(2_000);
    }
  }, 300_000);

  it('fits into an execution also when a call is retried as often as it may be', async () => {
    const outcome = await scattered(1, 1, failingAsOftenAsItMay());
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(outcome.history.events).toBeGreaterThan(2_000);
    expect(outcome.history.events).toBeLessThan(maxHistoryEvents / 4);
  });

  it('may have batches of 1,000 numbers, each item called for by itself', async () => {
    const oneByOne = async ({ args }: Task): Promise<unknown> => {
      const { done: before = 0, items } = args.Payload as {
        readonly items?: readonly unknown[];
        readonly done?: number;
      };
      return { Payload: { done: items === undefined ? 0 : before + 1 } };
    };
    const outcome = await scattered(1_000, 1_000, oneByOne);
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    for (const { history } of outcome.mapRuns) {
      expect(history.events).toBeLessThan(maxHistoryEvents / 2);
      expect(history.largestBytes).toBeLessThan(maxPayloadBytes / 10);
    }
  }, 60_000);
});
