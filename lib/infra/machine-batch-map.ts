import type { Config } from '../config/config.ts';
import type { Stage } from '../run/result.ts';
import { mapResultsPrefix } from '../run/store-keys.ts';
import type { FunctionName } from './function-names.ts';
import { keepingFailure, mapFailureKeyExpression, stagingSubstitution } from './machine-map-failure.ts';
import { catchTo, lambdaTask, placeholder, type State } from './machine-task.ts';

/** A distributed map over a list in the staging bucket, of which each child execution takes a batch. */
export interface BatchMap {
  /** What the function does with the items of a batch; variable `work` says under this name where their list is. */
  readonly action: string;
  /** Name of the state that calls the function; it begins the names of the others in a child execution. */
  readonly task: string;
  readonly comment: string;
  readonly fn: FunctionName & ('extract' | 'scatter');
  readonly stage: Stage;
  /** Variables that every call is given, by their names. */
  readonly given: readonly string[];
  readonly next: string;
}

/**
 * The state of the map. The items are a list in the staging bucket, each child execution takes a batch of them, and what
 * the children give is written there, too. So neither history nor payloads of the run grow with the items.
 */
export function batchMap(config: Config, map: BatchMap): State {
  const { action, given, next, stage, task } = map;
  const label = `${action[0]?.toUpperCase()}${action.slice(1)}`;
  const bucket = placeholder(stagingSubstitution);
  const s3 = (call: string): string => `arn:${placeholder('Partition')}:states:::s3:${call}`;
  return {
    Type: 'Map',
    Label: label,
    ItemReader: {
      Resource: s3('getObject'),
      ReaderConfig: { InputType: 'JSON' },
      Arguments: { Bucket: bucket, Key: `{% $work.${action}.key %}` },
    },
    ItemBatcher: {
      MaxItemsPerBatch: `{% $work.${action}.batch %}`,
      BatchInput: {
        ...Object.fromEntries(given.map((name) => [name, `{% $${name} %}`])),
        failure_key: mapFailureKeyExpression,
      },
    },
    MaxConcurrency: config.deploy.scatter_concurrency,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: task,
      States: keepingFailure(task, batchStates(config, map), '$states.input.BatchInput.failure_key'),
    },
    ResultWriter: {
      Resource: s3('putObject'),
      Arguments: {
        Bucket: bucket,
        Prefix: `{% '${mapResultsPrefix({ run_id: "' & $run.run_id & '" }, label)}' %}`,
      },
      WriterConfig: { Transformation: 'COMPACT', OutputType: 'JSON' },
    },
    Catch: catchTo(stage),
    Next: next,
  };
}

/** The states of a child execution: a call, and again while the function has not come to the end of the batch. */
function batchStates(
  { deploy }: Config,
  { action, comment, fn, given, task }: BatchMap,
): Readonly<Record<string, State>> {
  const all = `${task}: all of them?`;
  const done = `${task}: done`;
  return {
    [task]: {
      ...lambdaTask({
        fn,
        comment,
        payload: {
          action,
          items: '{% $states.input.Items %}',
          done: '{% $exists($states.input.done) ? $states.input.done : 0 %}',
          ...Object.fromEntries(given.map((name) => [name, `{% $states.input.BatchInput.${name} %}`])),
        },
        seconds: deploy[fn].timeout_seconds,
      }),
      Output: "{% $merge([$states.input, {'done': $states.result.Payload.done}]) %}",
      Next: all,
    },
    [all]: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.done = $count($states.input.Items) %}', Next: done }],
      Default: task,
    },
    [done]: { Type: 'Succeed', Output: '{% $states.input.done %}' },
  };
}
