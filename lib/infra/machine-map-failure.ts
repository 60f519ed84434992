import { mapFailureKey } from '../run/store-keys.ts';
import { failState, placeholder, type State } from './machine-task.ts';

/** What CloudFormation replaces by the name of the staging bucket. */
export const stagingSubstitution = 'StagingBucket';

/** Where a child execution keeps its error, for its input; variables are known where that is made, and not in the child. */
export const mapFailureKeyExpression = `{% '${mapFailureKey({ run_id: "' & $run.run_id & '" }, "' & $execution.name & '")}' %}`;

/**
 * States of a child execution of a distributed map that keep its error in the staging bucket before it fails: the parent
 * learns no more than that too many have failed, and notify finds the reason there.
 *
 * @param name  the task whose errors are kept
 * @param key  JSONata of the key under which they are kept, in the input of the task
 */
export function keepingFailure(
  name: string,
  states: Readonly<Record<string, State>>,
  key: string,
): Readonly<Record<string, State>> {
  const keep = `Keep the failure of: ${name}`;
  const failed = `Failed: ${name}`;
  const task = states[name];
  return {
    ...states,
    [name]: {
      ...task,
      Catch: [
        {
          ErrorEquals: ['States.ALL'],
          Output: { error: '{% $states.errorOutput %}', failure_key: `{% ${key} %}` },
          Next: keep,
        },
      ],
    },
    [keep]: {
      Type: 'Task',
      Resource: `arn:${placeholder('Partition')}:states:::aws-sdk:s3:putObject`,
      Arguments: {
        Bucket: placeholder(stagingSubstitution),
        Key: '{% $states.input.failure_key %}',
        Body: '{% $string($states.input.error) %}',
        ContentType: 'application/json',
      },
      Retry: [
        { ErrorEquals: ['States.ALL'], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: 'FULL' },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.input.error %}', Next: failed }],
      Output: '{% $states.input.error %}',
      Next: failed,
    },
    [failed]: failState('$states.input'),
  };
}
