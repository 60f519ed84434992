import { checkDefinition, type Machine, type State } from './definition.ts';
import { runDistributedMap } from './distributed-map.ts';
import { StatesError, UnknownFeatureError } from './errors.ts';
import { evaluate, plain, type Scope } from './evaluate.ts';
import type { MapObjects } from './map-objects.ts';
import { type ItemFields, selectItems } from './select-items.ts';
import {
  countEvents,
  type Execution,
  type History,
  limit,
  type MapRun,
  maxHistoryEvents,
  pass,
  type Task,
  type Walk,
} from './walk.ts';

/** Iterations of an INLINE map at a time (Developer Guide, "Map state processing modes"). */
const mostIterations = 40;

export interface InterpretOptions {
  readonly input: unknown;
  readonly execution: Execution;
  /** Does the work of a task; throws `StatesError`. */
  readonly runTask: (task: Task) => Promise<unknown>;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
  /** S3, for the item readers and result writers of distributed maps. */
  readonly objects?: MapObjects;
}

export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** Names of the states entered, in order. */
  readonly path: readonly string[];
  /** Seconds that waits and retries would have taken. */
  readonly waitedSeconds: readonly number[];
  /** Events of the execution's history, and the largest input, output or arguments of a state in bytes. */
  readonly history: History;
  /** Runs of distributed maps, in the order in which they began. */
  readonly mapRuns: readonly MapRun[];
}

/**
 * Executes a state machine of the JSONata kind as Step Functions does, on a virtual clock: waits and retries take no
 * time, tasks take theirs. What it does not know is refused before anything runs.
 */
export async function interpret(machine: Machine, options: InterpretOptions): Promise<Outcome> {
  checkDefinition(machine);
  const walk: Walk = {
    shared: {
      runTask: options.runTask,
      random: options.random ?? Math.random,
      objects: options.objects,
      mapRuns: [],
      open: { mapRuns: 0 },
    },
    execution: options.execution,
    input: options.input,
    path: [],
    waits: [],
    waited: 0,
    // ExecutionStarted, and how it ended.
    history: { events: 2, largestBytes: 0 },
    endsAfterSeconds: machine.TimeoutSeconds ?? Number.POSITIVE_INFINITY,
    maxEvents: maxHistoryEvents,
  };
  const { history, path, shared, waits } = walk;
  const done = { path, waitedSeconds: waits, history, mapRuns: shared.mapRuns };
  try {
    const output = await runStates(machine, options.input, {}, walk);
    return { status: 'SUCCEEDED', output, ...done };
  } catch (thrown) {
    if (!(thrown instanceof StatesError)) throw thrown;
    if (thrown.error === 'Execution.TimedOut') return { status: 'TIMED_OUT', ...done };
    return { status: 'FAILED', error: thrown.error, cause: thrown.why, ...done };
  }
}

async function runStates(machine: Machine, input: unknown, outer: Scope, walk: Walk): Promise<unknown> {
  let name = machine.StartAt;
  let value = input;
  let scope = outer;
  for (;;) {
    const state = machine.States[name] as State;
    walk.path.push(name);
    if (walk.waited > walk.endsAfterSeconds) throw new StatesError('Execution.TimedOut', '');
    limit(value, name, walk);
    // StateEntered and StateExited.
    countEvents(2, walk);
    const step = await runState(name, state, value, scope, walk);
    if (step.end) return step.output;
    value = step.output;
    scope = step.scope;
    name = step.next;
  }
}

type Step =
  | { readonly end: true; readonly output: unknown }
  | { readonly end: false; readonly output: unknown; readonly scope: Scope; readonly next: string };

async function runState(name: string, state: State, input: unknown, scope: Scope, walk: Walk): Promise<Step> {
  const states = {
    input,
    context: { Execution: { ...walk.execution, Input: walk.input }, State: { Name: name } },
  };
  const inside = { ...scope, states };
  switch (state.Type) {
    case 'Pass':
      return await leave(state, input, inside, scope);
    case 'Succeed':
      return { end: true, output: state.Output === undefined ? input : await evaluate(state.Output, inside) };
    case 'Fail': {
      const error = String(await evaluate(state.Error ?? '', inside));
      // Only Step Functions itself names errors so (Amazon States Language, "Errors").
      if (error.startsWith('States.')) throw new StatesError('States.Runtime', `A Fail state gave the name ${error}`);
      throw new StatesError(error, String(await evaluate(state.Cause ?? '', inside)));
    }
    case 'Wait':
      pass(Number(await evaluate(state.Seconds, inside)), walk);
      return await leave(state, input, inside, scope);
    case 'Choice':
      return await choose(state, input, inside, scope);
    case 'Task':
    case 'Map':
      return await work(name, state, states, scope, walk);
    default:
      throw new UnknownFeatureError(state.Type);
  }
}

async function choose(state: State, input: unknown, inside: Scope, scope: Scope): Promise<Step> {
  for (const choice of state.Choices as readonly (State & { Condition: string; Next: string })[]) {
    const met = await evaluate(choice.Condition, inside);
    if (typeof met !== 'boolean')
      throw new StatesError('States.QueryEvaluationError', `${choice.Condition} is not a boolean`);
    if (met) return await leave(choice, input, inside, scope);
  }
  if (typeof state.Default !== 'string') throw new StatesError('States.NoChoiceMatched', 'No choice matched');
  return await leave({ ...state, Next: state.Default }, input, inside, scope);
}

/** A task or a map with its retries and catches. */
async function work(name: string, state: State, states: object, scope: Scope, walk: Walk): Promise<Step> {
  const attempts = new Map<unknown, number>();
  for (;;) {
    try {
      const inside = { ...scope, states };
      const result =
        state.Type === 'Task'
          ? await runTask(name, state, inside, walk)
          : await runMap(name, state, inside, scope, walk);
      limit(result, name, walk);
      return await leave(state, result, { ...scope, states: { ...states, result } }, scope);
    } catch (thrown) {
      if (!(thrown instanceof StatesError) || uncatchable.includes(thrown.error)) throw thrown;
      const line = matching(state.Retry, thrown) as RetryLine | undefined;
      const tried = attempts.get(line) ?? 0;
      if (line !== undefined && tried < (line.MaxAttempts ?? 3)) {
        attempts.set(line, tried + 1);
        pass(backoff(line, tried, walk.shared.random), walk);
        continue;
      }
      const caught = matching(state.Catch, thrown);
      if (caught === undefined) throw thrown;
      // A task that timed out has no cause.
      const errorOutput = { Error: thrown.error, ...(thrown.why === '' ? {} : { Cause: thrown.why }) };
      return await leave(caught, errorOutput, { ...scope, states: { ...states, errorOutput } }, scope);
    }
  }
}

/** What Step Functions lets no Catch see, and the end of the execution's own time. */
const uncatchable = ['States.Runtime', 'States.DataLimitExceeded', 'Execution.TimedOut'];

interface RetryLine {
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxAttempts?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: string;
}

function matching(lines: unknown, thrown: StatesError): State | undefined {
  return ((lines ?? []) as (State & { ErrorEquals: string[] })[]).find((line) =>
    line.ErrorEquals.some(
      (one) =>
        one === thrown.error ||
        one === 'States.ALL' ||
        (one === 'States.TaskFailed' && thrown.error !== 'States.Timeout'),
    ),
  );
}

function backoff(line: RetryLine, tried: number, random: () => number): number {
  const whole = Math.min(
    (line.IntervalSeconds ?? 1) * (line.BackoffRate ?? 2) ** tried,
    line.MaxDelaySeconds ?? Number.POSITIVE_INFINITY,
  );
  return line.JitterStrategy === 'FULL' ? random() * whole : whole;
}

async function runTask(name: string, state: State, inside: Scope, walk: Walk): Promise<unknown> {
  const args = (await evaluate(state.Arguments, inside)) as Readonly<Record<string, unknown>>;
  limit(args, name, walk);
  // Scheduled, started, and how it ended.
  countEvents(3, walk);
  return plain(
    await walk.shared.runTask({
      resource: String(state.Resource),
      args,
      timeoutSeconds: Number(state.TimeoutSeconds ?? 99_999_999),
      state: name,
    }),
  );
}

async function runMap(name: string, state: State, inside: Scope, scope: Scope, walk: Walk): Promise<unknown> {
  const processor = state.ItemProcessor as Machine & { readonly ProcessorConfig: { readonly Mode: string } };
  if (processor.ProcessorConfig.Mode === 'DISTRIBUTED')
    return await runDistributedMap(name, state, inside, walk, runStates);
  const items = await selectItems(state as ItemFields, inside, undefined);
  // Started and succeeded, of the map and of each item.
  countEvents(2 + 2 * items.length, walk);
  const results: unknown[] = new Array(items.length);
  let next = 0;
  const lanes = Math.min(items.length, Number(state.MaxConcurrency) || mostIterations, mostIterations);
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await runStates(processor, items[index], scope, walk);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** Assign and Output are evaluated side by side, with the variables as they were. */
async function leave(
  line: Readonly<Record<string, unknown>>,
  given: unknown,
  inside: Scope,
  scope: Scope,
): Promise<Step> {
  const assigned = line.Assign === undefined ? {} : ((await evaluate(line.Assign, inside)) as Scope);
  const output = line.Output === undefined ? given : await evaluate(line.Output, inside);
  if (line.End === true) return { end: true, output };
  if (typeof line.Next !== 'string') throw new UnknownFeatureError('A state that leads nowhere');
  return { end: false, output, scope: { ...scope, ...assigned }, next: line.Next };
}
