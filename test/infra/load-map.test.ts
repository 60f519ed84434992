import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { chunkGroups, loadMapOf } from '../../lib/load/chunk-groups.ts';
import { mapFailureKey } from '../../lib/run/store-keys.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { evaluate } from '../support/states-interpreter/evaluate.ts';
import { interpret, type Outcome } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const config = parseConfig(
  `pipelines: { a: { source_type: file, file_path: s3://b/a.csv, target_table: a } }
deploy: { load_concurrency: 64, load_connections: 4, max_load_functions: 100 }`,
  'etl.yaml',
);
const machine = JSON.parse(JSON.stringify(machineDefinition(config))) as Machine;

/** Executes the machine over groups that a distributed map loads; `load` gives what a function does with a group. */
async function loading(
  groups: number,
  load: (from: number, task: Task) => unknown,
  put: (args: Task['args']) => unknown = () => ({}),
): Promise<Outcome & { readonly notified: readonly unknown[] }> {
  const notified: unknown[] = [];
  const outcome = await interpret(machine, {
    input: { pipeline: 'a' },
    execution: {
      Id: 'arn:aws:states:us-east-1:000000000000:execution:etl:exec-1',
      Name: 'exec-1',
      StartTime: '2026-01-01T00:00:00Z',
    },
    random: () => 0,
    runTask: async (task) => {
      if (task.resource.endsWith(':aws-sdk:s3:putObject')) return put(task.args);
      const payload = task.args.Payload as Readonly<Record<string, unknown>>;
      if (task.state.startsWith('Load chunks')) return { Payload: await load(Number(payload.from), task) };
      if (task.state === 'Notify') notified.push(payload.error);
      const prepared = { groups: chunkGroups(groups, 'distributed'), distributed: true, was_empty: true };
      const answers: Readonly<Record<string, unknown>> = {
        Start: { next: 'go', run: { run_id: 'run-1' }, reason: null },
        Extract: { complete: true, scattered: false },
        Transform: { complete: true },
        Prepare: { ...prepared, warnings: ['w'], index: false, conclude: false },
        Notify: payload.error,
        Record: { conflict_retries: payload.conflict_retries },
      };
      return { Payload: answers[task.state] ?? {} };
    },
  });
  return { ...outcome, notified };
}

const done = (from: number) => ({ from: from + 1, complete: true, conflict_retries: from, waits: 0 });

describe('a load by a distributed map', () => {
  it('is for runs that read more than deploy.scatter_above_mb', () => {
    const edge = 2_048 * 1024 * 1024;
    expect([edge, edge + 1].map((bytes) => loadMapOf(bytes, config.deploy))).toEqual(['inline', 'distributed']);
    expect(loadMapOf(1, { scatter_above_mb: 0 })).toBe('distributed');
  });

  it('gives each function what it needs by its item, and sums up the conflicts', async () => {
    const seen: Task[] = [];
    const outcome = await loading(5, (from, task) => {
      seen.push(task);
      return done(from);
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { conflict_retries: 0 + 1 + 2 + 3 + 4 } });
    expect(outcome.mapRuns).toMatchObject([{ state: 'Load distributed', counts: { succeeded: 5 } }]);
    expect(seen[2]?.args.Payload).toEqual({
      action: 'load',
      from: 2,
      to: 3,
      conflict_retries: 0,
      waits: 0,
      was_empty: true,
      input: { pipeline: 'a' },
      run: { run_id: 'run-1' },
      execution: {
        id: 'arn:aws:states:us-east-1:000000000000:execution:etl:exec-1',
        name: 'exec-1',
        start_time: '2026-01-01T00:00:00Z',
      },
    });
  });

  it('calls a function again until its group is done, and waits for a slot', async () => {
    let calls = 0;
    const outcome = await loading(1, (from) => {
      calls += 1;
      if (calls === 1) return { from, complete: false, conflict_retries: 2, waits: 1 };
      if (calls === 2) return { from, complete: false, conflict_retries: 3, waits: 0 };
      return { from: 1, complete: true, conflict_retries: 4, waits: 0 };
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { conflict_retries: 4 } });
    expect(outcome.waitedSeconds).toEqual([10]);
  });

  it('keeps the error of a child in the staging bucket, and fails', async () => {
    const kept: unknown[] = [];
    const cause = '{"errorMessage":"The table is gone [table_vanished]"}';
    const outcome = await loading(
      2,
      (from) => {
        if (from === 1) throw new StatesError('TableVanishedError', cause);
        return done(from);
      },
      (args) => kept.push(args),
    );
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'ExceedToleratedFailureThreshold' });
    expect(outcome.notified).toMatchObject([{ Error: 'States.ExceedToleratedFailureThreshold' }]);
    const [{ Body, Key }] = kept as [{ Body: string; Key: string }];
    expect(Key).toBe(mapFailureKey({ run_id: 'run-1' }, 'exec-1'));
    expect(JSON.parse(Body)).toEqual({ Error: 'TableVanishedError', Cause: cause });
  });

  it('fails also where the error cannot be kept', async () => {
    const refused = (): never => {
      throw new StatesError('S3.AccessDenied', 'no');
    };
    const outcome = await loading(1, refused, refused);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'ExceedToleratedFailureThreshold' });
    expect(outcome.notified).toHaveLength(1);
  });
});

describe('the beginning of a load by a distributed map', () => {
  const selector = (machine.States['Load distributed']?.ItemSelector ?? {}) as { readonly start_after: string };
  const after = async (wasEmpty: boolean, indexes: readonly number[]) =>
    await Promise.all(
      indexes.map(async (Index) => {
        const states = { context: { Map: { Item: { Index } } } };
        return await evaluate(selector.start_after, { states, prepared: { was_empty: wasEmpty } });
      }),
    );

  it('opens 100 connections a second at most, five a function', async () => {
    expect(await after(false, [0, 1, 19, 20, 39, 40, 63])).toEqual([0, 0, 0, 1, 1, 2, 3]);
  });

  it('is with four functions where the table was empty, and twice as many every five minutes', async () => {
    const twice = await after(true, [0, 3, 4, 7, 8, 15, 16, 31, 32, 63]);
    expect(twice).toEqual([0, 0, 300, 300, 600, 600, 900, 900, 1_200, 1_200]);
  });

  it('is at once for groups that follow others', async () => {
    expect(await after(true, [64, 1_999])).toEqual([0, 0]);
    expect(await after(false, [64])).toEqual([0]);
  });
});
