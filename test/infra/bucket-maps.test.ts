import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { interpret, type Outcome } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const config = parseConfig(
  'pipelines: { a: { source_type: file, file_path: s3://b/a.csv, target_table: a, load_mode: replace, key_columns: [id] } }',
  'etl.yaml',
);
const machine = JSON.parse(JSON.stringify(machineDefinition(config))) as Machine;

type Payload = Readonly<Record<string, unknown>>;

interface Case {
  /** What `prepare` says besides. */
  readonly prepared?: object;
  readonly followUp?: object;
  /** What a call for pieces gives; all rows at once where nothing is said. */
  readonly pieces?: (payload: Payload) => unknown;
  /** What other states give. */
  readonly answers?: Readonly<Record<string, () => unknown>>;
}

const groups = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, from) => ({ from, to: from + 1 }));

/** Executes the machine over a run of three pieces and two buckets. */
async function run({
  answers = {},
  followUp,
  pieces,
  prepared,
}: Case): Promise<Outcome & { readonly calls: readonly Task[] }> {
  const calls: Task[] = [];
  const outcome = await interpret(machine, {
    input: { pipeline: 'a' },
    execution: {
      Id: 'arn:aws:states:us-east-1:000000000000:execution:etl:exec-1',
      Name: 'exec-1',
      StartTime: '2026-01-01T00:00:00Z',
    },
    random: () => 0,
    runTask: async (task) => {
      calls.push(task);
      if (task.resource.endsWith(':aws-sdk:s3:putObject')) return {};
      const payload = task.args.Payload as Payload;
      const given = answers[task.state];
      if (given !== undefined) return { Payload: given() };
      if (payload.action === 'pieces') {
        return { Payload: pieces?.(payload) ?? { from: payload.to, rows: 10, after: null, waits: 0, complete: true } };
      }
      const byBucket = { by_bucket: true, pieces: groups(3), buckets: groups(2), check: false };
      const usual: Readonly<Record<string, unknown>> = {
        Start: { next: 'go', run: { run_id: 'run-1' }, reason: null },
        Extract: { complete: true, scattered: false },
        Transform: { complete: true },
        Prepare: {
          ...{ groups: groups(1), distributed: true, was_empty: false, warnings: [], index: false, conclude: true },
          ...byBucket,
          ...prepared,
        },
        'Load chunks (distributed)': { from: 1, complete: true, conflict_retries: 0, waits: 0 },
        'What follows by bucket?': followUp ?? { takes: 'delete', verifies: true },
        'Conclude by bucket': { rows_deleted: payload.rows_taken, verified: 'count: 20 rows' },
        Notify: payload.error,
        Record: { rows_deleted: payload.rows_deleted, verified: payload.verified },
      };
      return { Payload: usual[task.state] ?? {} };
    },
  });
  return { ...outcome, calls };
}

const statesOf = ({ mapRuns }: Outcome): unknown => mapRuns.map(({ counts, state }) => [state, counts.succeeded]);
const payloadOf = (calls: readonly Task[], state: string): Payload | undefined =>
  calls.find((task) => task.state === state)?.args.Payload as Payload | undefined;

describe('a run that was cleaned in buckets', () => {
  it('deletes and verifies each in a child execution, and adds up what they give', async () => {
    const outcome = await run({});
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { rows_deleted: 30, verified: 'count: 20 rows' } });
    const maps = [
      ['Load distributed', 1],
      ['Take away by bucket', 3],
      ['Verify by bucket', 2],
    ];
    expect(statesOf(outcome)).toEqual(maps);
    expect(payloadOf(outcome.calls, 'Take away rows')).toEqual({
      action: 'pieces',
      work: 'delete',
      from: 0,
      to: 1,
      rows: 0,
      after: null,
      waits: 0,
      input: { pipeline: 'a' },
      run: { run_id: 'run-1' },
      execution: {
        id: 'arn:aws:states:us-east-1:000000000000:execution:etl:exec-1',
        name: 'exec-1',
        start_time: '2026-01-01T00:00:00Z',
      },
    });
    expect(payloadOf(outcome.calls, 'Conclude by bucket')).toMatchObject({
      takes: 'delete',
      rows_taken: 30,
      rows_found: 20,
    });
  });

  it('goes on where a call was out of time, with its key, and waits for a slot', async () => {
    const seen: unknown[] = [];
    const outcome = await run({
      prepared: { pieces: groups(1) },
      followUp: { takes: 'delete', verifies: false },
      pieces: ({ after, from, rows }) => {
        seen.push([from, rows, after]);
        if (seen.length === 1) return { from, rows: 4, after: '["k"]', waits: 0, complete: false };
        if (seen.length === 2) return { from, rows, after, waits: 1, complete: false };
        return { from: 1, rows: 9, after: null, waits: 0, complete: true };
      },
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { rows_deleted: 9 }, waitedSeconds: [10] });
    expect(seen).toEqual([
      [0, 0, null],
      [0, 4, '["k"]'],
      [0, 4, '["k"]'],
    ]);
    expect(payloadOf(outcome.calls, 'Conclude by bucket')).toMatchObject({ rows_taken: 9, rows_found: null });
  });

  it('has its rows counted before the load where some are rejected, and loads none where the count is refused', async () => {
    const counted = await run({ prepared: { check: true, conclude: false } });
    expect(statesOf(counted)).toEqual([
      ['Check by bucket', 3],
      ['Load distributed', 1],
    ]);
    expect(payloadOf(counted.calls, 'Count missing rows')).toMatchObject({ work: 'count' });
    expect(payloadOf(counted.calls, 'Checked')).toMatchObject({ action: 'checked', missing: 30 });
    const refusing = (): never => {
      throw new StatesError('RejectedReplaceError', '{"errorMessage":"would delete [rejected_replace]"}');
    };
    const refused = await run({ prepared: { check: true }, answers: { Checked: refusing } });
    expect(refused).toMatchObject({ status: 'FAILED', error: 'RejectedReplaceError' });
    expect(statesOf(refused)).toEqual([['Check by bucket', 3]]);
  });

  it('verifies nothing where rows were counted that must not be there', async () => {
    const counts = { takes: 'count', verifies: true };
    const outcome = await run({ followUp: counts });
    expect(statesOf(outcome)).not.toContainEqual(['Verify by bucket', 2]);
    expect(payloadOf(outcome.calls, 'Conclude by bucket')).toMatchObject({ takes: 'count', rows_taken: 30 });
    const none = await run({
      followUp: counts,
      pieces: ({ to }) => ({ from: to, rows: 0, after: null, waits: 0, complete: true }),
    });
    expect(statesOf(none)).toContainEqual(['Verify by bucket', 2]);
  });

  it('that takes nothing away verifies alone', async () => {
    const outcome = await run({ followUp: { takes: null, verifies: true } });
    expect(statesOf(outcome)).toEqual([
      ['Load distributed', 1],
      ['Verify by bucket', 2],
    ]);
    expect(payloadOf(outcome.calls, 'Conclude by bucket')).toMatchObject({
      takes: null,
      rows_taken: 0,
      rows_found: 20,
    });
  });

  it('keeps the error of a child, and fails', async () => {
    const outcome = await run({
      pieces: ({ from, work }) => {
        if (work === 'verify' && from === 1) throw new StatesError('LeaseLostError', 'lost');
        return undefined;
      },
    });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'ExceedToleratedFailureThreshold' });
    const kept = outcome.calls.find(({ state }) => state === 'Keep the failure of: Verify rows');
    expect(JSON.parse(String(kept?.args.Body))).toEqual({ Error: 'LeaseLostError', Cause: 'lost' });
  });

  it('of 400 groups has the history of one, and the lists of its groups are small', async () => {
    const [small, large] = [await run({}), await run({ prepared: { pieces: groups(400), buckets: groups(400) } })];
    expect(large.history.events).toBe(small.history.events);
    expect(large.history.largestBytes).toBeLessThan(40_000);
  });
});
