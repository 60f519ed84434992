import type { Config } from '../config/config.ts';
import { jsonataList, lambdaTask, quickFunctionSeconds, type State } from './machine-task.ts';
import { placesOf } from './source-buckets.ts';

/** The end of every execution: its pipeline's next run is started where objects wait for one, and then it ends as it did. */
export function endStates(config: Config): State {
  return {
    'More objects?': {
      Type: 'Choice',
      Choices: [{ Condition: `{% $input.pipeline in ${jsonataList(takingObjects(config))} %}`, Next: 'Next run' }],
      Default: 'How did it end?',
    },
    'Next run': {
      ...lambdaTask({
        fn: 'collect',
        comment: 'Starts the next run where objects wait; what is killed here is made up for every few minutes',
        payload: { action: 'next', pipeline: '{% $input.pipeline %}' },
        seconds: quickFunctionSeconds,
      }),
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'How did it end?' }],
      Next: 'How did it end?',
    },
    'How did it end?': {
      Type: 'Choice',
      Choices: [
        { Condition: "{% $outcome = 'failed' %}", Next: 'Failed' },
        { Condition: "{% $outcome = 'success' %}", Next: 'Done' },
      ],
      Default: 'Nothing to do',
    },
    'Nothing to do': { Type: 'Succeed', Output: '{% $started %}' },
    Done: { Type: 'Succeed', Output: '{% $summary %}' },
  };
}

/** The pipelines that load objects of S3. */
function takingObjects(config: Config): readonly string[] {
  return Object.entries(config.pipelines)
    .filter(([, settings]) => placesOf(settings).length > 0)
    .map(([name]) => name);
}
