import { describe, expect, it } from 'vitest';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { interpret } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const execution = { Id: 'arn:execution', Name: 'one', StartTime: '2025-01-01T00:00:00Z' };

async function run(
  states: Readonly<Record<string, object>>,
  runTask: (task: Task) => Promise<unknown> = async () => null,
  input: unknown = {},
) {
  const machine = {
    QueryLanguage: 'JSONata',
    StartAt: Object.keys(states)[0] ?? '',
    States: states,
  } as unknown as Machine;
  return await interpret(machine, { input, execution, runTask, random: () => 1 });
}

const end = { Type: 'Succeed' };
const task = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: {}, Next: 'End' };

describe('the interpreter of the States Language', () => {
  it.each([
    [{ A: { Type: 'Parallel', Branches: [], Next: 'End' }, End: end }, /type Parallel/],
    [{ A: { ...task, HeartbeatSeconds: 5 }, End: end }, /HeartbeatSeconds/],
    [{ A: { ...task, Retry: [{ ErrorEquals: ['X'], Unheard: 1 }] }, End: end }, /Unheard/],
    [{ A: { Type: 'Pass', Next: 'Nowhere' } }, /not there/],
    [{ A: { Type: 'Pass', Output: 'x {% 1 %}', Next: 'End' }, End: end }, /inside a text/],
  ])('refuses what it does not know: %j', async (states, words) => {
    await expect(run(states as never)).rejects.toThrow(words);
  });

  it('evaluates Assign and Output side by side, with the variables as they were', async () => {
    const outcome = await run({
      A: { Type: 'Pass', Assign: { n: 1 }, Next: 'B' },
      B: { Type: 'Pass', Assign: { n: '{% $n + 1 %}' }, Output: '{% $n %}', Next: 'C' },
      C: { Type: 'Succeed', Output: { was: '{% $states.input %}', is: '{% $n %}' } },
    });
    expect(outcome.output).toEqual({ was: 1, is: 2 });
  });

  it('retries by the first line that matches, with backoff and its cap, then catches', async () => {
    const outcome = await run(
      {
        A: {
          ...task,
          Retry: [{ ErrorEquals: ['Busy'], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 4, MaxDelaySeconds: 5 }],
          Catch: [{ ErrorEquals: ['States.ALL'], Assign: { why: '{% $states.errorOutput.Error %}' }, Next: 'Caught' }],
        },
        Caught: { Type: 'Succeed', Output: '{% $why %}' },
        End: end,
      },
      async () => {
        throw new StatesError('Busy', 'come again');
      },
    );
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: 'Busy', waitedSeconds: [1, 2, 4, 5] });
  });

  it('fails on an expression that gives nothing, and on more than 256 KiB', async () => {
    expect(await run({ A: { Type: 'Succeed', Output: '{% $states.input.absent %}' } })).toMatchObject({
      error: 'States.QueryEvaluationError',
    });
    const big = await run(
      { A: { ...task, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End' }] }, End: end },
      async () => 'x'.repeat(300_000),
    );
    expect(big).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('runs a map with no more lanes than it may, and keeps the order', async () => {
    let now = 0;
    let most = 0;
    const outcome = await run(
      {
        A: {
          Type: 'Map',
          Items: '{% [1..9] %}',
          MaxConcurrency: 3,
          ItemProcessor: {
            ProcessorConfig: { Mode: 'INLINE' },
            StartAt: 'T',
            States: { T: { ...task, Arguments: { n: '{% $states.input %}' } }, End: end },
          },
          Next: 'Out',
        },
        Out: end,
      },
      async ({ args }) => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        return Number(args.n) * 10;
      },
    );
    expect(outcome.output).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(most).toBe(3);
  });
});
