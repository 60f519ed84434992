import type { Config } from '../config/config.ts';
import { retries } from './machine-retries.ts';

/** A state of the Amazon States Language. */
export type State = Readonly<Record<string, unknown>>;

/** Names in the definition that CloudFormation replaces by ARNs: `${RecordFunction}` and so on. */
export const substitutionNames = {
  record: 'RecordFunction',
  extract: 'ExtractFunction',
  transform: 'TransformFunction',
  load: 'LoadFunction',
  notify: 'NotifyFunction',
  bootstrap: 'BootstrapFunction',
  topic: 'Topic',
} as const;

type FunctionName = Exclude<keyof typeof substitutionNames, 'topic'>;
type Stage = 'start' | 'extract' | 'transform' | 'load' | 'record';

/** How long an S3 event's run waits before it looks again whether its pipeline is free. */
const waitSeconds = 30;

/** A task's time beyond its function's: Lambda itself must be the one to end a function. */
const taskMarginSeconds = 30;

/** What CloudFormation replaces when the stack is deployed. */
function placeholder(name: string): string {
  return `\${${name}}`;
}

function catchTo(stage: Stage): readonly State[] {
  return [
    {
      ErrorEquals: ['States.ALL'],
      Assign: { stage, error: '{% $states.errorOutput %}' },
      Next: 'Notify',
    },
  ];
}

interface TaskOptions {
  readonly fn: FunctionName;
  readonly payload: State;
  readonly seconds: number;
  readonly assign?: State;
  readonly comment: string;
}

function lambdaTask({ assign, comment, fn, payload, seconds }: TaskOptions): State {
  return {
    Type: 'Task',
    Comment: comment,
    Resource: `arn:${placeholder('Partition')}:states:::lambda:invoke`,
    Arguments: { FunctionName: placeholder(substitutionNames[fn]), Payload: payload },
    TimeoutSeconds: seconds + taskMarginSeconds,
    Retry: retries,
    Output: '{% $states.result.Payload %}',
    ...(assign === undefined ? {} : { Assign: assign }),
  };
}

/** A task of a stage: everything it needs is in variables, so states between may change the output as they like. */
function stageTask(
  stage: Stage,
  next: string,
  options: Omit<TaskOptions, 'payload'> & { readonly payload?: State },
): State {
  const { payload, ...task } = options;
  return {
    ...lambdaTask({
      ...task,
      payload: { ...payload, execution: '{% $execution %}', input: '{% $input %}', run: '{% $run %}' },
    }),
    Catch: catchTo(stage),
    Next: next,
  };
}

/**
 * The state machine of a run: record(start) → extract ⟲ → transform → define, prepare → load (map) → index, conclude →
 * record(success). Whatever fails goes to notify, and the execution fails. References travel, never rows.
 */
export function machineDefinition(config: Config): State {
  const { extract, load, load_concurrency, run_timeout_minutes, transform } = config.deploy;
  const quick = quickFunctionSeconds;
  return {
    Comment: 'One run of one pipeline into Aurora DSQL. Input: {"pipeline": "<name>"}',
    QueryLanguage: 'JSONata',
    TimeoutSeconds: run_timeout_minutes * 60,
    StartAt: 'Begin',
    States: {
      Begin: {
        Type: 'Pass',
        Comment: 'Keeps the input, so that every failure can say what was asked for',
        Assign: {
          input: '{% $states.input %}',
          execution: {
            id: '{% $states.context.Execution.Id %}',
            name: '{% $states.context.Execution.Name %}',
            start_time: '{% $states.context.Execution.StartTime %}',
          },
          run: null,
        },
        Next: 'Start',
      },
      Start: {
        ...lambdaTask({
          fn: 'record',
          comment: 'Takes the lease, decides what the run does, and logs that it has begun',
          payload: { action: 'start', execution: '{% $execution %}', input: '{% $input %}' },
          seconds: quick,
          assign: { run: '{% $states.result.Payload.run %}' },
        }),
        Catch: catchTo('start'),
        Next: 'Anything to do?',
      },
      'Anything to do?': {
        Type: 'Choice',
        Choices: [
          { Condition: "{% $states.input.next = 'go' %}", Next: 'Extract' },
          { Condition: "{% $states.input.next = 'wait' %}", Next: 'Wait for the run before' },
        ],
        Default: 'Nothing to do',
      },
      'Wait for the run before': { Type: 'Wait', Seconds: waitSeconds, Next: 'Start' },
      'Nothing to do': { Type: 'Succeed' },
      Extract: stageTask('extract', 'Extracted?', {
        fn: 'extract',
        comment: 'Reads the source until it is exhausted or the function is nearly out of time',
        seconds: extract.timeout_seconds,
      }),
      'Extracted?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input.complete %}', Next: 'Transform' }],
        Default: 'Extract',
      },
      Transform: stageTask('transform', 'Define', {
        fn: 'transform',
        comment: 'Cleans the rows into chunks of the staging bucket',
        seconds: transform.timeout_seconds,
      }),
      Define: stageTask('load', 'Prepare', {
        fn: 'bootstrap',
        comment: 'Makes the table, or the columns it lacks, as admin',
        payload: { action: 'define' },
        seconds: bootstrapSeconds,
      }),
      Prepare: stageTask('load', 'Load', {
        fn: 'load',
        comment: 'Keeps rejected rows, and refuses what must not be loaded',
        payload: { action: 'prepare' },
        seconds: load.timeout_seconds,
        assign: { prepared: '{% $states.result.Payload %}' },
      }),
      Load: {
        Type: 'Map',
        Items: '{% $prepared.groups %}',
        MaxConcurrency: load_concurrency,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'INLINE' },
          StartAt: 'Load chunks',
          States: {
            'Load chunks': {
              ...lambdaTask({
                fn: 'load',
                comment: 'Writes chunks, each batch with its ledger row in one transaction',
                payload: {
                  action: 'load',
                  from: '{% $states.input.from %}',
                  to: '{% $states.input.to %}',
                  conflict_retries:
                    '{% $exists($states.input.conflict_retries) ? $states.input.conflict_retries : 0 %}',
                  execution: '{% $execution %}',
                  input: '{% $input %}',
                  run: '{% $run %}',
                },
                seconds: load.timeout_seconds,
              }),
              Output: "{% $merge([$states.result.Payload, {'to': $states.input.to}]) %}",
              Next: 'All of them?',
            },
            'All of them?': {
              Type: 'Choice',
              Choices: [{ Condition: '{% $states.input.complete %}', Next: 'Loaded' }],
              Default: 'Load chunks',
            },
            Loaded: { Type: 'Succeed', Output: { conflict_retries: '{% $states.input.conflict_retries %}' } },
          },
        },
        Output: '{% $sum($append([], $states.result.conflict_retries)) %}',
        Assign: { conflict_retries: '{% $sum($append([], $states.result.conflict_retries)) %}' },
        Catch: catchTo('load'),
        Next: 'Indexes?',
      },
      'Indexes?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $prepared.index %}', Next: 'Index' }],
        Default: 'Anything after the load?',
      },
      Index: stageTask('load', 'Anything after the load?', {
        fn: 'bootstrap',
        comment: 'Builds missing indexes, as admin',
        payload: { action: 'index' },
        seconds: bootstrapSeconds,
      }),
      'Anything after the load?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $prepared.conclude %}', Next: 'Conclude' }],
        Default: 'Nothing after the load',
      },
      Conclude: stageTask('load', 'Record', {
        fn: 'load',
        comment: 'Takes away what a replaced source no longer has, and verifies',
        payload: { action: 'conclude' },
        seconds: load.timeout_seconds,
        assign: { concluded: '{% $states.result.Payload %}' },
      }),
      'Nothing after the load': {
        Type: 'Pass',
        Assign: { concluded: { rows_deleted: 0, verified: null } },
        Next: 'Record',
      },
      Record: stageTask('record', 'Tell of the success?', {
        fn: 'record',
        comment: 'Checks that the counts add up, and logs the success with the watermark',
        payload: {
          action: 'success',
          conflict_retries: '{% $conflict_retries %}',
          warnings: '{% $prepared.warnings %}',
          rows_deleted: '{% $concluded.rows_deleted %}',
          verified: '{% $concluded.verified %}',
        },
        seconds: quick,
        assign: { summary: '{% $states.result.Payload %}' },
      }),
      'Tell of the success?': {
        Type: 'Choice',
        Choices: [{ Condition: `{% $input.pipeline in ${jsonataList(toldOfSuccess(config))} %}`, Next: 'Tell' }],
        Default: 'Done',
      },
      Tell: {
        ...lambdaTask({
          fn: 'notify',
          comment: 'Tells of the success; a notice that is lost does not make a run fail',
          payload: {
            action: 'success',
            execution: '{% $execution %}',
            input: '{% $input %}',
            summary: '{% $summary %}',
          },
          seconds: quick,
        }),
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
        Next: 'Done',
      },
      Done: { Type: 'Succeed', Output: '{% $summary %}' },
      Notify: {
        ...lambdaTask({
          fn: 'notify',
          comment: 'Logs the failure, ends the lease, and tells people',
          payload: {
            action: 'failure',
            execution: '{% $execution %}',
            input: '{% $input %}',
            run: '{% $run %}',
            stage: '{% $stage %}',
            error: '{% $error %}',
          },
          seconds: quick,
          assign: { error: '{% $states.result.Payload %}' },
        }),
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Notify plainly' }],
        Next: 'Failed',
      },
      'Notify plainly': {
        Type: 'Task',
        Comment: 'When notify itself fails, the topic is told without it',
        Resource: `arn:${placeholder('Partition')}:states:::sns:publish`,
        Arguments: {
          TopicArn: placeholder(substitutionNames.topic),
          Subject: 'ETL: a run failed, and the notice about it too',
          Message: "{% $string({'execution': $execution.id, 'stage': $stage, 'error': $error}) %}",
          MessageAttributes: {
            status: { DataType: 'String', StringValue: 'failed' },
            stage: { DataType: 'String', StringValue: '{% $stage %}' },
          },
        },
        Retry: [
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: 'FULL' },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }],
        Next: 'Failed',
      },
      Failed: { Type: 'Fail', Error: '{% $error.Error %}', Cause: '{% $error.Cause %}' },
    },
  };
}

/** Time of the functions that only talk to the database and the topic. */
export const quickFunctionSeconds = 120;

/** Building an index on a large table takes minutes; what is not done in time goes on in the next call. */
export const bootstrapSeconds = 900;

function toldOfSuccess(config: Config): readonly string[] {
  return Object.entries(config.pipelines)
    .filter(([, { notify }]) => notify?.on_success === true)
    .map(([name]) => name);
}

function jsonataList(names: readonly string[]): string {
  return `[${names.map((name) => JSON.stringify(name)).join(', ')}]`;
}
