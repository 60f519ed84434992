import type { Config } from '../config/config.ts';
import { catchTo, lambdaTask, type State } from './machine-task.ts';

/** A wait makes nine events, and an execution has 25,000 at most, so the waits of a run that is far back become long. */
const firstWaitSeconds = 10;
const maxWaitSeconds = 300;

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
              waits: '{% $exists($states.input.waits) ? $states.input.waits : 0 %}',
              was_empty: '{% $prepared.was_empty %}',
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
          Choices: [
            { Condition: '{% $states.input.complete %}', Next: 'Loaded' },
            { Condition: '{% $states.input.waits > 0 %}', Next: 'Wait for a slot' },
          ],
          Default: 'Load chunks',
        },
        'Wait for a slot': {
          Type: 'Wait',
          Comment: 'As many load functions are connected to the cluster as deploy.max_load_functions allows',
          Seconds: `{% $min([${maxWaitSeconds}, ${firstWaitSeconds} * $power(2, $states.input.waits - 1)]) %}`,
          Next: 'Load chunks',
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
