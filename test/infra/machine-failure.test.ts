import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { interpret } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const config = parseConfig(
  'pipelines: { a: { source_type: file, file_path: s3://b/a.csv, target_table: a } }',
  'etl.yaml',
);
const machine = JSON.parse(JSON.stringify(machineDefinition(config))) as Machine;

/** Runs the machine with functions that all fail in one way, and gives what the topic was told plainly. */
async function failing(error: StatesError, input: unknown, notify: (task: Task) => unknown) {
  const told: unknown[] = [];
  const outcome = await interpret(machine, {
    input,
    execution: { Id: 'arn:execution', Name: 'one', StartTime: '2025-01-01T00:00:00Z' },
    random: () => 1,
    runTask: async (task) => {
      if (task.state === 'Notify') return notify(task);
      if (task.state !== 'Notify plainly') throw error;
      told.push(task.args);
      return {};
    },
  });
  return { outcome, told };
}

const breaks = (): never => {
  throw new StatesError('States.TaskFailed', 'no answer');
};

describe('an execution that fails', () => {
  it.each(['States.Timeout', 'States.TaskFailed', 'States.QueryEvaluationError'])(
    'with %s ends with a name that a Fail state may have',
    async (name) => {
      const echo = ({ args }: Task) => {
        const { error } = args.Payload as { readonly error: { readonly Error: string } };
        return { Payload: { Error: error.Error, Cause: 'why' } };
      };
      for (const notify of [echo, breaks]) {
        const { outcome } = await failing(new StatesError(name, ''), { pipeline: 'a' }, notify);
        expect(outcome).toMatchObject({ status: 'FAILED', error: name.replace('States.', '') });
      }
    },
  );

  it('keeps the names of the functions', async () => {
    const { outcome } = await failing(new StatesError('BadRuleError', '{"x":1}'), { pipeline: 'a' }, breaks);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'BadRuleError', cause: '{"x":1}' });
  });

  it.each([
    [{ pipeline: 'a' }, 'a'],
    [{ pipeline: 'other' }, 'unknown'],
    [{ pipeline: 5 }, 'unknown'],
    [{}, 'unknown'],
    ['a', 'unknown'],
    [[{ pipeline: 'a' }, { pipeline: 'b' }], 'unknown'],
  ])('tells who follows the pipeline also where notify fails; of the input %j that is %s', async (input, pipeline) => {
    const { told } = await failing(new StatesError('BadRuleError', 'why'), input, breaks);
    expect(told).toMatchObject([
      {
        MessageAttributes: {
          pipeline: { DataType: 'String', StringValue: pipeline },
          status: { StringValue: 'failed' },
          stage: { StringValue: 'start' },
          error_code: { StringValue: 'notice_failed' },
        },
      },
    ]);
  });
});
