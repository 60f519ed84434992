import { UnknownFeatureError } from './errors.ts';
import { checkMap, mapFields, refuse } from './map-definition.ts';
import { refuseOuterVariables } from './outer-variables.ts';

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
export function checkDefinition(machine: Machine): void {
  refuse(machine, ['StartAt', 'States', 'Comment', 'QueryLanguage', 'TimeoutSeconds'], 'the machine');
  if ((machine as { QueryLanguage?: string }).QueryLanguage !== 'JSONata') {
    throw new UnknownFeatureError('Only JSONata is interpreted');
  }
  checkStates(machine, 'STANDARD', { states: new Set(), labels: new Set() });
}

/** Names that may be given once in a whole machine. */
interface Names {
  readonly states: Set<string>;
  readonly labels: Set<unknown>;
}

function checkStates(machine: Machine, type: 'STANDARD' | 'EXPRESS', names: Names): void {
  goesTo('The start', machine.StartAt, machine);
  for (const [name, state] of Object.entries(machine.States)) {
    if (names.states.has(name)) throw new UnknownFeatureError(`A second state ${name}`);
    names.states.add(name);
    checkFields(name, state);
    for (const target of targets(state)) goesTo(name, target, machine);
    if (state.Type === 'Map') checkProcessor(name, state, machine, type, names);
  }
}

function goesTo(name: string, target: string, machine: Machine): void {
  if (machine.States[target] === undefined)
    throw new UnknownFeatureError(`${name} goes to ${target}, which is not there`);
}

function checkFields(name: string, state: State): void {
  const mode = state.Type === 'Map' ? processorOf(state).ProcessorConfig?.Mode : undefined;
  const fields =
    state.Type === 'Map'
      ? [...common, ...(mode === 'DISTRIBUTED' ? mapFields.DISTRIBUTED : mapFields.INLINE)]
      : known[state.Type];
  if (fields === undefined) throw new UnknownFeatureError(`A state of type ${state.Type}`);
  refuse(state, fields, name);
  for (const [part, partFields] of Object.entries(knownParts)) {
    for (const line of (state[part] as readonly object[] | undefined) ?? [])
      refuse(line, partFields, `${name}.${part}`);
  }
}

type Processor = Machine & { readonly ProcessorConfig?: { readonly Mode?: string; readonly ExecutionType?: string } };

function processorOf(state: State): Processor {
  return state.ItemProcessor as Processor;
}

function checkProcessor(
  name: string,
  state: State,
  machine: Machine,
  type: 'STANDARD' | 'EXPRESS',
  names: Names,
): void {
  checkMap(name, state, type);
  const processor = processorOf(state);
  refuse(processor, ['StartAt', 'States', 'Comment', 'ProcessorConfig'], `${name}.ItemProcessor`);
  const distributed = processor.ProcessorConfig?.Mode === 'DISTRIBUTED';
  if (state.Label !== undefined && names.labels.has(state.Label))
    throw new UnknownFeatureError(`A second label ${String(state.Label)}`);
  names.labels.add(state.Label);
  if (distributed) refuseOuterVariables(name, machine.States, processor.States);
  checkStates(
    processor,
    distributed && processor.ProcessorConfig?.ExecutionType === 'EXPRESS' ? 'EXPRESS' : type,
    names,
  );
}

function targets(state: State): readonly string[] {
  const lines = [...((state.Catch ?? []) as { Next: string }[]), ...((state.Choices ?? []) as { Next: string }[])];
  const direct = [state.Next, state.Default].filter((one): one is string => typeof one === 'string');
  return [...direct, ...lines.map((line) => line.Next)];
}
