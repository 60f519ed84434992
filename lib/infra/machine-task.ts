import type { Stage } from '../run/result.ts';
import type { FunctionName } from './function-names.ts';
import { retries } from './machine-retries.ts';

/** A state of the Amazon States Language. */
export type State = Readonly<Record<string, unknown>>;

/** What CloudFormation replaces by the ARN of a function: `RecordFunction` and so on. */
export function functionSubstitution(name: FunctionName): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}Function`;
}

/** What CloudFormation replaces by the ARN of the topic. */
export const topicSubstitution = 'Topic';

/** A task's timeout beyond its function's, so that Lambda itself ends a function. */
const taskMarginSeconds = 30;

/** What CloudFormation replaces when the stack is deployed. */
export function placeholder(name: string): string {
  return `\${${name}}`;
}

/**
 * Ends an execution with an error as Step Functions gives it to a Catch.
 *
 * @param error  JSONata of an object with `Error` and perhaps `Cause`
 */
export function failState(error: string): State {
  return {
    Type: 'Fail',
    Comment: 'Names that begin with States. are for Step Functions alone',
    Error: `{% $substring(${error}.Error, 0, 7) = 'States.' ? $substringAfter(${error}.Error, 'States.') : ${error}.Error %}`,
    Cause: `{% $exists(${error}.Cause) ? ${error}.Cause : '' %}`,
  };
}

/** Every failure of a state goes to notify, with the stage. */
export function catchTo(stage: Stage): readonly State[] {
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

/** A call of a function with the retries of `machine-retries.ts`; its response is the output. */
export function lambdaTask({ assign, comment, fn, payload, seconds }: TaskOptions): State {
  return {
    Type: 'Task',
    Comment: comment,
    Resource: `arn:${placeholder('Partition')}:states:::lambda:invoke`,
    Arguments: { FunctionName: placeholder(functionSubstitution(fn)), Payload: payload },
    TimeoutSeconds: seconds + taskMarginSeconds,
    Retry: retries,
    Output: '{% $states.result.Payload %}',
    ...(assign === undefined ? {} : { Assign: assign }),
  };
}

/** A task of a stage. All it needs is in variables, so the states between may change the output. */
export function stageTask(
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

/** Timeout of the functions that only call the database and the topic. */
export const quickFunctionSeconds = 120;

/** Building an index on a large table takes minutes; what is not done in time goes on in the next call. */
export const bootstrapSeconds = 900;

/** A list of texts in JSONata. */
export function jsonataList(names: readonly string[]): string {
  return `[${names.map((name) => JSON.stringify(name)).join(', ')}]`;
}
