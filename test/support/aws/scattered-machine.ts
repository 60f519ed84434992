import { retries } from '../../../lib/infra/machine-retries.ts';
import type { Machine } from '../states-interpreter/definition.ts';

type State = Readonly<Record<string, unknown>>;

/** The maps of a scattered run, in their order, and the list in the staging bucket that each goes over. */
export const scatteredMaps = {
  Survey: 'parts',
  Clean: 'parts',
  Gather: 'buckets',
  Load: 'groups',
  Conclude: 'buckets',
} as const;

const invoke = 'arn:aws:states:::lambda:invoke';
const variables = { execution: '{% $execution %}', input: '{% $input %}', run: '{% $run %}' };

/**
 * The shape of a scattered run: split, survey, plan, clean, gather, merge, load and conclude, of which every step over
 * parts, buckets or chunks is a distributed map that reads its items from the staging bucket, deals them into batches and
 * leaves its results there. It has the calls, loops and retries of the service's machine, and stands in for it until the
 * machine has these states.
 */
export function scatteredMachine(): Machine {
  const states: Record<string, State> = {
    Begin: {
      Type: 'Pass',
      Assign: {
        input: '{% $states.input %}',
        run: '{% $states.input.run %}',
        execution: {
          id: '{% $states.context.Execution.Id %}',
          name: '{% $states.context.Execution.Name %}',
          start_time: '{% $states.context.Execution.StartTime %}',
        },
      },
      Next: 'Split',
    },
    Split: calling('split', 'Survey'),
    Survey: mapOver('Survey', 'Plan'),
    Plan: calling('plan', 'Clean'),
    Clean: mapOver('Clean', 'Gather'),
    Gather: mapOver('Gather', 'Merge'),
    Merge: calling('merge', 'Load'),
    Load: mapOver('Load', 'Conclude'),
    Conclude: mapOver('Conclude', 'Done'),
    Done: { Type: 'Succeed' },
  };
  return { QueryLanguage: 'JSONata', StartAt: 'Begin', States: states } as unknown as Machine;
}

function calling(action: string, next: string): State {
  return {
    Type: 'Task',
    Resource: invoke,
    Arguments: { FunctionName: action, Payload: { action, ...variables } },
    Retry: retries,
    Output: '{% $states.result.Payload %}',
    Next: next,
  };
}

function mapOver(name: keyof typeof scatteredMaps, next: string): State {
  const prefix = "{% 'runs/' & $run.run_id &";
  return {
    Type: 'Map',
    Label: name,
    ItemReader: {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSON' },
      Arguments: { Bucket: 'staging', Key: `${prefix} '/${scatteredMaps[name]}.json' %}` },
    },
    ItemBatcher: { MaxItemsPerBatch: '{% $input.batch %}', BatchInput: variables },
    MaxConcurrency: 500,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: `${name} one batch`,
      States: processor(name),
    },
    ResultWriter: {
      Resource: 'arn:aws:states:::s3:putObject',
      Arguments: { Bucket: 'staging', Prefix: `${prefix} '/results/${name}' %}` },
      WriterConfig: { Transformation: 'COMPACT', OutputType: 'JSON' },
    },
    Next: next,
  };
}

/** Calls a function until its batch is done; one that is nearly out of time says how far it came. */
function processor(name: string): Readonly<Record<string, State>> {
  return {
    [`${name} one batch`]: {
      Type: 'Task',
      Resource: invoke,
      Arguments: {
        FunctionName: name,
        Payload: {
          action: name,
          items: '{% $states.input.Items %}',
          done: '{% $exists($states.input.done) ? $states.input.done : 0 %}',
          execution: '{% $states.input.BatchInput.execution %}',
          input: '{% $states.input.BatchInput.input %}',
          run: '{% $states.input.BatchInput.run %}',
        },
      },
      Retry: retries,
      Output: "{% $merge([$states.input, {'done': $states.result.Payload.done}]) %}",
      Next: `${name}: all of it?`,
    },
    [`${name}: all of it?`]: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.done = $count($states.input.Items) %}', Next: `${name}: done` }],
      Default: `${name} one batch`,
    },
    [`${name}: done`]: { Type: 'Succeed', Output: '{% $states.input.done %}' },
  };
}
