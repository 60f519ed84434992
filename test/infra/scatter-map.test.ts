import { describe, expect, it } from 'vitest';
import { mapFailureKey } from '../../lib/run/store-keys.ts';
import { scatteredRun } from '../support/aws/scattered-run.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const runId = `objects-${'0'.repeat(36)}`;

const payloadOf = ({ args }: Task) =>
  args.Payload as { readonly action: string; readonly items: readonly unknown[]; readonly done: number };

describe('the states of a source that is cleaned in pieces', () => {
  it('give each function a batch of a list, with what it needs by name', async () => {
    const seen: Task[] = [];
    const outcome = await scatteredRun({
      parts: 5,
      batch: 2,
      work: (task) => {
        seen.push(task);
        return { done: payloadOf(task).items.length };
      },
    });
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(seen.map((task) => [payloadOf(task).action, payloadOf(task).items])).toEqual([
      ['survey', [{ slice: 0 }, { slice: 1 }]],
      ['survey', [{ slice: 2 }, { slice: 3 }]],
      ['survey', [{ slice: 4 }]],
      ...['clean', 'gather'].flatMap((action) => [
        [action, [0, 1]],
        [action, [2, 3]],
        [action, [4]],
      ]),
    ]);
    expect(seen[0]?.args.Payload).toEqual({
      action: 'survey',
      items: [{ slice: 0 }, { slice: 1 }],
      done: 0,
      job: '0123456789abcdef',
      input: { pipeline: 'sales' },
      run: { run_id: runId, trigger: 's3', epoch: 1_767_225_600_000 },
      execution: {
        id: `arn:aws:states:us-east-1:000000000000:execution:dsql-etl-prod:${runId}`,
        name: runId,
        start_time: '2026-01-01T00:00:00.000Z',
      },
    });
    expect(outcome.path).toEqual(
      expect.arrayContaining(['Split', 'Survey', 'Plan', 'Clean', 'Gather', 'Join', 'Admit']),
    );
    expect(outcome.path).not.toContain('Transform');
  });

  it('let files be copied by calls of their own before they are cut, each with what it needs by name', async () => {
    const seen: Task[] = [];
    const outcome = await scatteredRun({
      parts: 1,
      copies: 5,
      batch: 2,
      work: (task) => {
        if (task.state !== 'Copy files') return { done: payloadOf(task).items.length };
        seen.push(task);
        return { done: payloadOf(task).done + 1 };
      },
    });
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    const calls = seen.map((task) => payloadOf(task)).map(({ done, items }) => [done, items.length]);
    expect(calls.sort()).toEqual([
      [0, 1],
      [0, 2],
      [0, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(seen[0]?.args.Payload).toEqual({
      action: 'copy',
      items: [
        { number: 0, file: expect.objectContaining({ bytes: 1_000_000 }) },
        { number: 1, file: expect.objectContaining({ bytes: 1_000_000 }) },
      ],
      done: 0,
      input: { pipeline: 'sales' },
      run: { run_id: runId, trigger: 's3', epoch: 1_767_225_600_000 },
      execution: expect.objectContaining({ name: runId }),
    });
    const path = outcome.path.filter((state) => !state.startsWith('Copy files'));
    expect(path.slice(path.indexOf('Extract'))).toEqual(
      expect.arrayContaining(['Extract', 'Extracted?', 'Copy', 'Extract', 'Extracted?', 'Split']),
    );
  });

  it('survey slices again as often as the plan asks for it', async () => {
    const surveyed: unknown[] = [];
    const again = [
      [
        { slice: 1, start: 17 },
        { slice: 3, start: 9 },
      ],
      [{ slice: 3, start: 11 }],
    ];
    const outcome = await scatteredRun({
      parts: 4,
      batch: 4,
      again,
      work: (task) => {
        const { action, items } = payloadOf(task);
        if (action === 'survey') surveyed.push(items);
        return { done: items.length };
      },
    });
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(surveyed.slice(1)).toEqual(again);
    expect(outcome.path.filter((state) => state === 'Plan')).toHaveLength(3);
  });

  it('call a function again until its batch is done', async () => {
    const calls: number[] = [];
    const outcome = await scatteredRun({
      parts: 3,
      batch: 3,
      work: (task) => {
        const { action, done, items } = payloadOf(task);
        if (action !== 'clean') return { done: items.length };
        calls.push(done);
        return { done: Math.min(items.length, done + 2) };
      },
    });
    expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(calls).toEqual([0, 2]);
  });

  it('keep the error of a child in the staging bucket, and fail the run', async () => {
    const kept: unknown[] = [];
    const outcome = await scatteredRun({
      parts: 3,
      work: (task) => {
        const { action, items } = payloadOf(task);
        if (action === 'gather' && items[0] === 1) throw new StatesError('DiskTooSmallError', 'the cause');
        return { done: items.length };
      },
      put: (args) => kept.push(args),
    });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'ExceedToleratedFailureThreshold' });
    expect(outcome.notified).toMatchObject([{ Error: 'States.ExceedToleratedFailureThreshold' }]);
    const [{ Body, Key }] = kept as [{ Body: string; Key: string }];
    expect(Key).toBe(mapFailureKey({ run_id: runId }, runId));
    expect(JSON.parse(Body)).toEqual({ Error: 'DiskTooSmallError', Cause: 'the cause' });
  });
});
