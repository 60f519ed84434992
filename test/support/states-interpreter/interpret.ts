import { checkDefinition, type Machine, type State } from './definition.ts';
import { StatesError, UnknownFeatureError } from './errors.ts';
import { evaluate, plain, type Scope } from './evaluate.ts';

/** Bytes a state may take or give (Step Functions quotas). */
const maxPayloadBytes = 256 * 1024;

export interface Task {
  readonly resource: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
  /** The state's name. */
  readonly state: string;
}

export interface InterpretOptions {
  readonly input: unknown;
  readonly execution: { readonly Id: string; readonly Name: string; readonly StartTime: string };
  /** Does the work of a task; throws `StatesError`. */
  readonly runTask: (task: Task) => Promise<unknown>;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
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
}

export interface History {
  events: number;
  largestBytes: number;
}

interface Walk {
  readonly options: InterpretOptions;
  readonly path: string[];
  readonly waits: number[];
  readonly history: History;
  readonly endsAfterSeconds: number;
}

/**
 * Executes a state machine of the JSONata kind as Step Functions does, on a virtual clock: waits and retries take no
 * time, tasks take theirs. What it does not know is refused before anything runs.
 */
export async function interpret(machine: Machine, options: InterpretOptions): Promise<Outcome> {
  checkDefinition(machine);
  const walk: Walk = {
    options,
    path: [],
    waits: [],
    // ExecutionStarted, and how it ended.
    history: { events: 2, largestBytes: 0 },
    endsAfterSeconds: machine.TimeoutSeconds ?? Number.POSITIVE_INFINITY,
  };
  const done = { path: walk.path, waitedSeconds: walk.waits, history: walk.history };
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
    if (walk.waits.reduce((sum, wait) => sum + wait, 0) > walk.endsAfterSeconds)
      throw new StatesError('Execution.TimedOut', '');
    limit(value, name, walk);
    // StateEntered and StateExited.
    walk.history.events += 2;
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
    context: { Execution: { ...walk.options.execution, Input: walk.options.input }, State: { Name: name } },
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
      walk.waits.push(Number(await evaluate(state.Seconds, inside)));
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
        state.Type === 'Task' ? await runTask(name, state, inside, walk) : await runMap(state, inside, scope, walk);
      limit(result, name, walk);
      return await leave(state, result, { ...scope, states: { ...states, result } }, scope);
    } catch (thrown) {
      if (!(thrown instanceof StatesError) || uncatchable.includes(thrown.error)) throw thrown;
      const line = matching(state.Retry, thrown) as RetryLine | undefined;
      const tried = attempts.get(line) ?? 0;
      if (line !== undefined && tried < (line.MaxAttempts ?? 3)) {
        attempts.set(line, tried + 1);
        walk.waits.push(backoff(line, tried, walk.options.random ?? Math.random));
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
  walk.history.events += 3;
  return plain(
    await walk.options.runTask({
      resource: String(state.Resource),
      args,
      timeoutSeconds: Number(state.TimeoutSeconds ?? 99_999_999),
      state: name,
    }),
  );
}

async function runMap(state: State, inside: Scope, scope: Scope, walk: Walk): Promise<unknown> {
  const items = await evaluate(state.Items, inside);
  if (!Array.isArray(items)) throw new StatesError('States.QueryEvaluationError', 'Items is not a list');
  // Started and succeeded, of the map and of each item.
  walk.history.events += 2 + 2 * items.length;
  const results: unknown[] = new Array(items.length);
  let next = 0;
  const lanes = Math.min(items.length, Number(state.MaxConcurrency) || items.length);
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await runStates(state.ItemProcessor as Machine, items[index], scope, walk);
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

function limit(value: unknown, where: string, { history }: Walk): void {
  const bytes = Buffer.byteLength(JSON.stringify(value ?? null));
  history.largestBytes = Math.max(history.largestBytes, bytes);
  if (bytes > maxPayloadBytes) {
    throw new StatesError('States.DataLimitExceeded', `More than ${maxPayloadBytes} bytes at ${where}`);
  }
}
