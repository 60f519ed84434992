import type { Config } from '../config/config.ts';
import { catchTo, lambdaTask, type State } from './machine-task.ts';

/**
 * The map over groups of chunks, each loaded by a function that is called until its group is done. The chunks' numbers
 * travel, never rows; the output is how many conflicts were met.
 */
export function loadMap(config: Config, next: string): State {
  const { load, load_concurrency } = config.deploy;
  return {
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
              conflict_retries: '{% $exists($states.input.conflict_retries) ? $states.input.conflict_retries : 0 %}',
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
    Next: next,
  };
}
