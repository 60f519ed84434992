import type { Config } from '../config/config.ts';
import { batchMap } from './machine-batch-map.ts';
import { type State, stageTask } from './machine-task.ts';

/**
 * The states that read a source: extract ⟲, and between two calls of it, where many or large files have to be copied before
 * their rows can be read, copy (map over these files).
 */
export function extractStates(
  config: Config,
  next: { readonly transform: string; readonly scatter: string },
): Readonly<Record<string, State>> {
  return {
    Extract: stageTask('extract', 'Extracted?', {
      fn: 'extract',
      comment: 'Reads the source until it is exhausted or the function is nearly out of time',
      payload: { action: 'extract' },
      seconds: config.deploy.extract.timeout_seconds,
      assign: { work: '{% $states.result.Payload %}' },
    }),
    'Extracted?': {
      Type: 'Choice',
      Choices: [
        { Condition: '{% $states.input.scattered %}', Next: next.scatter },
        { Condition: '{% $states.input.complete %}', Next: next.transform },
        { Condition: '{% $states.input.copy != null %}', Next: 'Copy' },
      ],
      Default: 'Extract',
    },
    Copy: batchMap(config, {
      action: 'copy',
      task: 'Copy files',
      comment: 'Unpacks or converts files of the source, which cannot be read as they lie',
      fn: 'extract',
      stage: 'extract',
      given: ['execution', 'input', 'run'],
      next: 'Extract',
    }),
  };
}
