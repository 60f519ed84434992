import type { Config } from '../config/config.ts';
import { connectionsPerSecond, sharedNames, slotWait } from './machine-load-map.ts';
import { keepingFailure, mapFailureKeyExpression } from './machine-map-failure.ts';
import { catchTo, lambdaTask, type State, stageTask } from './machine-task.ts';

/** The first states of a check before the load, and of what follows a load, by buckets. */
export const checkByBucket = 'Check by bucket';
export const concludeByBucket = 'What follows by bucket?';

/**
 * The states in which a run that is loaded by a distributed map has its table compared with its source, each bucket by a
 * function of its own: before the load, where rows are rejected and `replace` may delete none; and after it, where rows
 * are deleted and verified. Numbers of pieces travel, never rows or keys of more than one row.
 */
export function bucketStates(config: Config, next: { readonly load: string; readonly record: string }): State {
  const { load } = config.deploy;
  return {
    [checkByBucket]: pieceMap(config, {
      label: 'Check',
      task: 'Count missing rows',
      comment: 'Counts the rows of the table that the source does not have',
      items: '$prepared.pieces',
      work: "{% 'count' %}",
      assign: 'missing',
      next: 'Checked',
    }),
    Checked: stageTask('load', next.load, {
      fn: 'load',
      comment: 'Refuses a replacement that would delete rows while rows of the source are rejected',
      payload: { action: 'checked', missing: '{% $missing %}' },
      seconds: load.timeout_seconds,
    }),
    [concludeByBucket]: stageTask('load', 'Rows to take away?', {
      fn: 'load',
      comment: 'Refuses a run of which the database has refused too many rows, and says what follows the load',
      payload: { action: 'follow_up' },
      seconds: load.timeout_seconds,
      assign: { follow_up: '{% $states.result.Payload %}', taken: 0, found: null },
    }),
    'Rows to take away?': {
      Type: 'Choice',
      Choices: [{ Condition: '{% $follow_up.takes != null %}', Next: 'Take away by bucket' }],
      Default: 'Buckets to verify?',
    },
    'Take away by bucket': pieceMap(config, {
      label: 'TakeAway',
      task: 'Take away rows',
      comment: 'Takes away rows that a replaced source no longer has, or counts them where there must be none',
      items: '$prepared.pieces',
      work: '{% $follow_up.takes %}',
      assign: 'taken',
      next: 'Buckets to verify?',
    }),
    'Buckets to verify?': {
      Type: 'Choice',
      Choices: [
        {
          // What was counted and must not be there makes the run fail.
          Condition: "{% $follow_up.verifies and ($follow_up.takes != 'count' or $taken = 0) %}",
          Next: 'Verify by bucket',
        },
      ],
      Default: 'Conclude by bucket',
    },
    'Verify by bucket': pieceMap(config, {
      label: 'Verify',
      task: 'Verify rows',
      comment: 'Compares the rows of a bucket with the table',
      items: '$prepared.buckets',
      work: "{% 'verify' %}",
      assign: 'found',
      next: 'Conclude by bucket',
    }),
    'Conclude by bucket': stageTask('load', next.record, {
      fn: 'load',
      comment: 'Adds up what was taken away and verified, and refuses what does not add up',
      payload: {
        action: 'conclude_pieces',
        takes: '{% $follow_up.takes %}',
        rows_taken: '{% $taken %}',
        rows_found: '{% $found %}',
      },
      seconds: load.timeout_seconds,
      assign: { concluded: '{% $states.result.Payload %}' },
    }),
  };
}

interface PieceMap {
  readonly label: string;
  /** Name of the state that calls the function. */
  readonly task: string;
  readonly comment: string;
  /** JSONata of groups of pieces, `from` to `to`. */
  readonly items: string;
  readonly work: string;
  /** The variable that gets the sum of the pieces' rows. */
  readonly assign: string;
  readonly next: string;
}

/** A distributed map over groups of pieces, each worked on by a function that is called until its group is done. */
function pieceMap(config: Config, { assign, items, label, next, task, work, comment }: PieceMap): State {
  const { deploy } = config;
  const ramp = `$floor($i * ${deploy.load_connections + 1} / ${connectionsPerSecond})`;
  const turn = `Wait for a turn: ${task}`;
  return {
    Type: 'Map',
    Label: label,
    Items: `{% ${items} %}`,
    ItemSelector: {
      from: '{% $states.context.Map.Item.Value.from %}',
      to: '{% $states.context.Map.Item.Value.to %}',
      work,
      start_after: `{% ($i := $states.context.Map.Item.Index; $i >= ${deploy.load_concurrency} ? 0 : ${ramp}) %}`,
      failure_key: mapFailureKeyExpression,
      ...Object.fromEntries(sharedNames.map((name) => [name, `{% $${name} %}`])),
    },
    MaxConcurrency: deploy.load_concurrency,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: turn,
      States: {
        [turn]: {
          Type: 'Wait',
          Comment: 'Connections are opened no faster than the cluster takes them',
          Seconds: '{% $states.input.start_after %}',
          Next: task,
        },
        ...keepingFailure(task, groupStates(config, task, comment), '$states.input.failure_key'),
      },
    },
    Output: '{% $sum($append([], $states.result.rows)) %}',
    Assign: { [assign]: '{% $sum($append([], $states.result.rows)) %}' },
    Catch: catchTo('load'),
    Next: next,
  };
}

/** The states of one group: a call, and again while there is something left. */
function groupStates({ deploy }: Config, task: string, comment: string): Readonly<Record<string, State>> {
  const given = (name: string, before: string): string =>
    `{% $exists($states.input.${name}) ? $states.input.${name} : ${before} %}`;
  const [all, wait, done] = [`All of them: ${task}?`, `Wait for a slot: ${task}`, `Done: ${task}`];
  return {
    [task]: {
      ...lambdaTask({
        fn: 'load',
        comment,
        payload: {
          action: 'pieces',
          work: '{% $states.input.work %}',
          from: '{% $states.input.from %}',
          to: '{% $states.input.to %}',
          rows: given('rows', '0'),
          after: given('after', 'null'),
          waits: given('waits', '0'),
          ...Object.fromEntries(sharedNames.map((name) => [name, `{% $states.input.${name} %}`])),
        },
        seconds: deploy.load.timeout_seconds,
      }),
      Output: '{% $merge([$states.input, $states.result.Payload]) %}',
      Next: all,
    },
    [all]: {
      Type: 'Choice',
      Choices: [
        { Condition: '{% $states.input.complete %}', Next: done },
        { Condition: '{% $states.input.waits > 0 %}', Next: wait },
      ],
      Default: task,
    },
    [wait]: { ...slotWait, Next: task },
    [done]: { Type: 'Succeed', Output: { rows: '{% $states.input.rows %}' } },
  };
}
