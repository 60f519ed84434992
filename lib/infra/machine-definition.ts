import type { Config } from '../config/config.ts';
import { bucketStates, checkByBucket, concludeByBucket } from './machine-bucket-maps.ts';
import { endStates } from './machine-end.ts';
import { extractStates } from './machine-extract.ts';
import { distributedLoadMap, loadMap } from './machine-load-map.ts';
import { scatterStart, scatterStates } from './machine-scatter.ts';
import {
  bootstrapSeconds,
  catchTo,
  failState,
  jsonataList,
  lambdaTask,
  placeholder,
  quickFunctionSeconds,
  type State,
  stageTask,
  topicSubstitution,
} from './machine-task.ts';

/** How long a run that was told to wait does so before it looks again whether its pipeline is free. */
const waitSeconds = 30;

/**
 * The state machine of a run: record(start) → extract ⟲, with a map over files that have to be copied → transform ⟲, or the states of a source that is cleaned in pieces →
 * admit, define, prepare → load (map) → index, conclude → record(success). Whatever fails goes to notify, and the execution fails. References travel, never rows.
 */
export function machineDefinition(config: Config): State {
  const { load, run_timeout_minutes, transform } = config.deploy;
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
          outcome: 'nothing',
          summary: null,
        },
        Next: 'List objects?',
      },
      'List objects?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $exists($input.prefix) %}', Next: 'List' }],
        Default: 'Start',
      },
      List: {
        ...lambdaTask({
          fn: 'collect',
          comment: 'Lets all objects below a prefix wait for a run',
          payload: { action: 'list', execution: '{% $execution %}', input: '{% $input %}' },
          seconds: quick,
        }),
        Catch: catchTo('start'),
        Next: 'Start',
      },
      Start: {
        ...lambdaTask({
          fn: 'record',
          comment: 'Takes the lease, decides what the run does, and logs that it has begun',
          payload: { action: 'start', execution: '{% $execution %}', input: '{% $input %}' },
          seconds: quick,
          assign: { run: '{% $states.result.Payload.run %}', started: '{% $states.result.Payload %}' },
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
        Default: 'More objects?',
      },
      'Wait for the run before': { Type: 'Wait', Seconds: waitSeconds, Next: 'Start' },
      ...extractStates(config, { transform: 'Transform', scatter: scatterStart }),
      Transform: stageTask('transform', 'Transformed?', {
        fn: 'transform',
        comment: 'Cleans the rows into chunks of the staging bucket until the function is nearly out of time',
        seconds: transform.timeout_seconds,
      }),
      'Transformed?': {
        Type: 'Choice',
        Choices: [{ Condition: '{% $states.input.complete %}', Next: 'Admit' }],
        Default: 'Transform',
      },
      ...scatterStates(config, 'Admit'),
      Admit: stageTask('load', 'Define', {
        fn: 'load',
        comment: 'Keeps rejected rows, and refuses too many of them before anything is made',
        payload: { action: 'admit' },
        seconds: load.timeout_seconds,
      }),
      Define: stageTask('load', 'Prepare', {
        fn: 'bootstrap',
        comment: 'Makes the table, or the columns it lacks, as admin',
        payload: { action: 'define' },
        seconds: bootstrapSeconds,
      }),
      Prepare: stageTask('load', 'How to load?', {
        fn: 'load',
        comment: 'Gets the table ready, and refuses what must not be loaded into it',
        payload: { action: 'prepare' },
        seconds: load.timeout_seconds,
        assign: { prepared: '{% $states.result.Payload %}' },
      }),
      'How to load?': {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $prepared.check = true %}', Next: checkByBucket },
          { Condition: '{% $prepared.distributed %}', Next: 'Load distributed' },
        ],
        Default: 'Load',
      },
      Load: loadMap(config, 'Indexes?'),
      'Load distributed': distributedLoadMap(config, 'Indexes?'),
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
        Choices: [
          { Condition: '{% $prepared.conclude and $prepared.by_bucket = true %}', Next: concludeByBucket },
          { Condition: '{% $prepared.conclude %}', Next: 'Conclude' },
        ],
        Default: 'Nothing after the load',
      },
      Conclude: stageTask('load', 'Record', {
        fn: 'load',
        comment: 'Takes away what a replaced source no longer has, and verifies',
        payload: { action: 'conclude' },
        seconds: load.timeout_seconds,
        assign: { concluded: '{% $states.result.Payload %}' },
      }),
      ...bucketStates(config, { load: 'Load distributed', record: 'Record' }),
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
        assign: { summary: '{% $states.result.Payload %}', outcome: 'success' },
      }),
      'Tell of the success?': {
        Type: 'Choice',
        Choices: [{ Condition: `{% $input.pipeline in ${jsonataList(toldOfSuccess(config))} %}`, Next: 'Tell' }],
        Default: 'More objects?',
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
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'More objects?' }],
        Next: 'More objects?',
      },
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
          assign: { error: '{% $states.result.Payload %}', outcome: 'failed' },
        }),
        Catch: [{ ErrorEquals: ['States.ALL'], Assign: { outcome: 'failed' }, Next: 'Notify plainly' }],
        Next: 'More objects?',
      },
      'Notify plainly': {
        Type: 'Task',
        Comment: 'When notify itself fails, the topic is told without it',
        Resource: `arn:${placeholder('Partition')}:states:::sns:publish`,
        Arguments: {
          TopicArn: placeholder(topicSubstitution),
          Subject: 'ETL: a run failed, and the notice about it too',
          Message: "{% $string({'execution': $execution.id, 'stage': $stage, 'error': $error}) %}",
          MessageAttributes: {
            // People who follow one pipeline are told by this attribute.
            pipeline: {
              DataType: 'String',
              StringValue: `{% $input.pipeline in ${jsonataList(Object.keys(config.pipelines))} ? $input.pipeline : 'unknown' %}`,
            },
            status: { DataType: 'String', StringValue: 'failed' },
            stage: { DataType: 'String', StringValue: '{% $stage %}' },
            error_code: { DataType: 'String', StringValue: 'notice_failed' },
          },
        },
        Retry: [
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: 'FULL' },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'More objects?' }],
        Next: 'More objects?',
      },
      ...endStates(config),
      Failed: failState('$error'),
    },
  };
}

function toldOfSuccess(config: Config): readonly string[] {
  return Object.entries(config.pipelines)
    .filter(([, { notify }]) => notify?.on_success === true)
    .map(([name]) => name);
}
