import type { Config } from '../config/config.ts';
import { mapResultsPrefix } from '../run/store-keys.ts';
import { keepingFailure, mapFailureKeyExpression, stagingSubstitution } from './machine-map-failure.ts';
import { catchTo, lambdaTask, placeholder, type State, stageTask } from './machine-task.ts';

/** The maps of a source that is cleaned in pieces: what a call does with its items. */
const maps = {
  survey: 'Reads pieces of the source for the types of their values',
  clean: 'Cleans pieces of the source, their rows dealt into buckets',
  gather: 'Finds repeats within buckets, and writes their rows into chunks',
} as const;

type ScatterMap = keyof typeof maps;

/** The state with which cleaning in pieces begins. */
export const scatterStart = 'Split';

/**
 * The states that clean a source in pieces: split → survey (map over slices) → plan → survey and plan again for slices that
 * were read from a wrong byte → clean (map over slices) → gather (map over buckets) → join. The items of a map are a list
 * in the staging bucket, each child execution takes a batch of them, and what the children give is written there, too. So
 * neither history nor payloads of the run grow with its source.
 */
export function scatterStates(config: Config, next: string): Readonly<Record<string, State>> {
  const seconds = config.deploy.scatter.timeout_seconds;
  return {
    [scatterStart]: stageTask('transform', 'Split?', {
      fn: 'scatter',
      comment: 'Cuts a large source into slices, and keeps what all its functions have to agree on',
      payload: { action: 'split' },
      seconds,
      assign: { job: '{% $states.result.Payload.job %}', work: '{% $states.result.Payload %}' },
    }),
    'Split?': {
      Type: 'Choice',
      Comment: 'An earlier attempt of the run may have cleaned its source',
      Choices: [{ Condition: '{% $work.complete %}', Next: next }],
      Default: 'Survey',
    },
    Survey: mapOver(config, 'survey', 'Plan'),
    Plan: stageTask('transform', 'Planned?', {
      fn: 'scatter',
      comment:
        'Decides types, rules and places of rows for all pieces, or which slices are to be read from another byte',
      payload: { action: 'plan', job: '{% $job %}' },
      seconds,
      assign: { work: '{% $states.result.Payload %}' },
    }),
    'Planned?': {
      Type: 'Choice',
      Choices: [{ Condition: '{% $work.survey = null %}', Next: 'Clean' }],
      Default: 'Survey',
    },
    Clean: mapOver(config, 'clean', 'Gather'),
    Gather: mapOver(config, 'gather', 'Join'),
    Join: stageTask('transform', next, {
      fn: 'scatter',
      comment: 'Puts the counts of all pieces together, and checks that they add up',
      payload: { action: 'join', job: '{% $job %}' },
      seconds,
    }),
  };
}

/** A distributed map over a list in the staging bucket. */
function mapOver(config: Config, action: ScatterMap, next: string): State {
  const label = `${action[0]?.toUpperCase()}${action.slice(1)}`;
  const bucket = placeholder(stagingSubstitution);
  const s3 = (call: string): string => `arn:${placeholder('Partition')}:states:::s3:${call}`;
  const work = `${label} pieces`;
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
        execution: '{% $execution %}',
        input: '{% $input %}',
        run: '{% $run %}',
        job: '{% $job %}',
        failure_key: mapFailureKeyExpression,
      },
    },
    MaxConcurrency: config.deploy.scatter_concurrency,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: work,
      States: keepingFailure(work, batchStates(config, action, work), '$states.input.BatchInput.failure_key'),
    },
    ResultWriter: {
      Resource: s3('putObject'),
      Arguments: {
        Bucket: bucket,
        Prefix: `{% '${mapResultsPrefix({ run_id: "' & $run.run_id & '" }, label)}' %}`,
      },
      WriterConfig: { Transformation: 'COMPACT', OutputType: 'JSON' },
    },
    Catch: catchTo('transform'),
    Next: next,
  };
}

/** The states of a child execution: a call, and again while the function has not come to the end of the batch. */
function batchStates({ deploy }: Config, action: ScatterMap, work: string): Readonly<Record<string, State>> {
  const all = `${work}: all of them?`;
  const done = `${work}: done`;
  const given = ['execution', 'input', 'run', 'job'].map(
    (name) => [name, `{% $states.input.BatchInput.${name} %}`] as const,
  );
  return {
    [work]: {
      ...lambdaTask({
        fn: 'scatter',
        comment: maps[action],
        payload: {
          action,
          items: '{% $states.input.Items %}',
          done: '{% $exists($states.input.done) ? $states.input.done : 0 %}',
          ...Object.fromEntries(given),
        },
        seconds: deploy.scatter.timeout_seconds,
      }),
      Output: "{% $merge([$states.input, {'done': $states.result.Payload.done}]) %}",
      Next: all,
    },
    [all]: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.done = $count($states.input.Items) %}', Next: done }],
      Default: work,
    },
    [done]: { Type: 'Succeed', Output: '{% $states.input.done %}' },
  };
}
