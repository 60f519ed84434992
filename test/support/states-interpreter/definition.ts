import { UnknownFeatureError } from './errors.ts';

export type State = Readonly<Record<string, unknown>> & { readonly Type: string };

export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds?: number;
}

const common = ['Type', 'Comment', 'Next', 'End', 'Assign', 'Output', 'QueryLanguage'];

/** The fields of the States Language that the interpreter executes, by type of state. Anything else is refused. */
const known: Readonly<Record<string, readonly string[]>> = {
  Pass: common,
  Task: [...common, 'Resource', 'Arguments', 'TimeoutSeconds', 'Retry', 'Catch'],
  Choice: ['Type', 'Comment', 'Choices', 'Default', 'Assign', 'Output'],
  Wait: [...common, 'Seconds'],
  Succeed: ['Type', 'Comment', 'Output'],
  Fail: ['Type', 'Comment', 'Error', 'Cause'],
  Map: [...common, 'Items', 'MaxConcurrency', 'ItemProcessor', 'Retry', 'Catch'],
};

const knownParts: Readonly<Record<string, readonly string[]>> = {
  Retry: [
    'ErrorEquals',
    'IntervalSeconds',
    'BackoffRate',
    'MaxAttempts',
    'MaxDelaySeconds',
    'JitterStrategy',
    'Comment',
  ],
  Catch: ['ErrorEquals', 'Next', 'Assign', 'Output', 'Comment'],
  Choices: ['Condition', 'Next', 'Assign', 'Output', 'Comment'],
};

/** Checks a whole definition before anything runs. @throws {UnknownFeatureError} */
export function checkDefinition(machine: Machine, top = true): void {
  const fields = ['StartAt', 'States', 'Comment', ...(top ? ['QueryLanguage', 'TimeoutSeconds'] : ['ProcessorConfig'])];
  refuse(machine, fields, 'the machine');
  if (top && (machine as { QueryLanguage?: string }).QueryLanguage !== 'JSONata') {
    throw new UnknownFeatureError('Only JSONata is interpreted');
  }
  for (const [name, state] of Object.entries(machine.States)) {
    const fieldsOfType = known[state.Type];
    if (fieldsOfType === undefined) throw new UnknownFeatureError(`A state of type ${state.Type}`);
    refuse(state, fieldsOfType, name);
    for (const [part, partFields] of Object.entries(knownParts)) {
      for (const line of (state[part] as readonly object[] | undefined) ?? [])
        refuse(line, partFields, `${name}.${part}`);
    }
    for (const target of targets(state)) {
      if (machine.States[target] === undefined)
        throw new UnknownFeatureError(`${name} goes to ${target}, which is not there`);
    }
    if (state.Type === 'Map') {
      const processor = state.ItemProcessor as Machine & { readonly ProcessorConfig?: { readonly Mode?: string } };
      if (processor.ProcessorConfig?.Mode !== 'INLINE') throw new UnknownFeatureError('A Map that is not INLINE');
      checkDefinition(processor, false);
    }
  }
}

function targets(state: State): readonly string[] {
  const lines = [...((state.Catch ?? []) as { Next: string }[]), ...((state.Choices ?? []) as { Next: string }[])];
  const direct = [state.Next, state.Default].filter((one): one is string => typeof one === 'string');
  return [...direct, ...lines.map((line) => line.Next)];
}

function refuse(value: object, fields: readonly string[], where: string): void {
  const odd = Object.keys(value).find((key) => !fields.includes(key));
  if (odd !== undefined) throw new UnknownFeatureError(`${where} has ${odd}`);
}
