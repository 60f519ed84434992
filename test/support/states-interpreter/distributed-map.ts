import { createHash } from 'node:crypto';
import type { Machine, State } from './definition.ts';
import { StatesError, UnknownFeatureError } from './errors.ts';
import { evaluate, type Scope } from './evaluate.ts';
import { type ChildInput, childInputs, type ItemBatcher } from './item-batcher.ts';
import { type Child, type ResultWriter, type WrittenRun, writeResults } from './result-writer.ts';
import { type ItemFields, selectItems } from './select-items.ts';
import { countEvents, limit, type MapRun, maxHistoryEvents, pass, type Walk } from './walk.ts';

/** Child executions of one map run at a time, also where MaxConcurrency says more or nothing (Developer Guide, "Quotas"). */
const mostChildren = 10_000;
/** Map runs that may be open in an account (Developer Guide, "Quotas"). */
const mostOpenRuns = 1_000;
/** An Express execution ends with States.Timeout after five minutes (Developer Guide, "Quotas"). */
const expressSeconds = 300;

/** Runs the states of an execution to its end, and gives its output. */
export type RunStates = (machine: Machine, input: unknown, outer: Scope, walk: Walk) => Promise<unknown>;

interface Run extends WrittenRun {
  readonly processor: Machine;
  readonly express: boolean;
  readonly record: MapRun;
  readonly label: string;
  readonly walk: Walk;
  readonly runStates: RunStates;
}

/**
 * Executes a Map state of mode DISTRIBUTED (Developer Guide, "Using Map state in Distributed mode"): every item, or
 * batch, is the input of a child execution with a history of its own and without the variables of its parent. When more
 * fail than are tolerated, no further child is started, and those that run come to their end.
 *
 * @returns as `writeResults` says
 * @throws {StatesError} States.ExceedToleratedFailureThreshold after the results were written, and what reading, batching
 *   and writing throw
 */
export async function runDistributedMap(
  name: string,
  state: State,
  inside: Scope,
  walk: Walk,
  runStates: RunStates,
): Promise<unknown> {
  const { open } = walk.shared;
  if (open.mapRuns === mostOpenRuns) throw new UnknownFeatureError('A map run that waits until others have ended');
  open.mapRuns += 1;
  // MapStateStarted, MapRunStarted, and how both ended.
  countEvents(4, walk);
  try {
    return await resultOf(openRun(name, state, walk, runStates), state, inside);
  } finally {
    open.mapRuns -= 1;
  }
}

async function resultOf(run: Run, state: State, inside: Scope): Promise<unknown> {
  const { objects } = run.walk.shared;
  const items = await selectItems(state as ItemFields, inside, objects);
  const inputs = await childInputs(items, state.ItemBatcher as ItemBatcher | undefined, inside);
  for (const { input } of inputs)
    limit(input, `an item of ${run.record.state}`, { ...run.walk, history: run.record.history });
  const exceeded = await threshold(state, inside, items.length);
  const lanes = await whole(state.MaxConcurrency ?? 0, 'MaxConcurrency', inside);
  const children = await runChildren(run, inputs, Math.min(lanes || mostChildren, mostChildren), exceeded);
  const result = await writeResults(
    children.map(({ child }) => child),
    state.ResultWriter as ResultWriter | undefined,
    run,
    inside,
    objects,
  );
  if (exceeded(failedItems(children)))
    throw new StatesError(
      'States.ExceedToleratedFailureThreshold',
      'The specified tolerated failure threshold was exceeded',
    );
  return result;
}

function openRun(name: string, state: State, walk: Walk, runStates: RunStates): Run {
  const [, machine, sm] = /^(arn:[^:]+:states:[^:]*:[^:]*):execution:([^:/]+)/.exec(walk.execution.Id) ?? [];
  if (machine === undefined) throw new UnknownFeatureError(`A distributed map in an execution ${walk.execution.Id}`);
  const id = uuid(`${walk.execution.Id} ${name} ${walk.shared.mapRuns.length}`);
  const label = typeof state.Label === 'string' ? state.Label : uuid(name);
  const arn = `${machine}:mapRun:${sm}/${label}:${id}`;
  const record: MapRun = {
    state: name,
    arn,
    counts: { succeeded: 0, failed: 0, pending: 0 },
    mostAtOnce: 0,
    transitions: 0,
    history: { events: 0, largestBytes: 0 },
  };
  walk.shared.mapRuns.push(record);
  const processor = state.ItemProcessor as Machine & { readonly ProcessorConfig: { readonly ExecutionType: string } };
  const express = processor.ProcessorConfig.ExecutionType === 'EXPRESS';
  return { id, arn, label, processor, express, record, walk, runStates };
}

interface Ended {
  readonly child: Child;
  readonly items: number;
  readonly seconds: number;
}

function failedItems(children: readonly (Ended | undefined)[]): number {
  return children.reduce(
    (sum, ended) => sum + (ended !== undefined && /FAILED|TIMED_OUT/.test(ended.child.status) ? ended.items : 0),
    0,
  );
}

/** Starts a child for every input, in order, until too many items have failed; what was not started is pending. */
async function runChildren(
  run: Run,
  inputs: readonly ChildInput[],
  lanes: number,
  exceeded: (failed: number) => boolean,
): Promise<readonly Ended[]> {
  const ended: (Ended | undefined)[] = new Array(inputs.length);
  const laneSeconds: number[] = [];
  let next = 0;
  let now = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    let seconds = 0;
    while (next < inputs.length && !exceeded(failed)) {
      const index = next++;
      now += 1;
      run.record.mostAtOnce = Math.max(run.record.mostAtOnce, now);
      const one = await runChild(run, index, inputs[index] as ChildInput);
      now -= 1;
      seconds += one.seconds;
      failed += failedItems([one]);
      ended[index] = one;
    }
    laneSeconds.push(seconds);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, inputs.length) }, lane));
  const waited = Math.max(0, ...laneSeconds);
  if (waited > 0) pass(waited, run.walk);
  const all = Array.from(ended, (one, index): Ended => one ?? pendingChild(run, index, inputs[index] as ChildInput));
  for (const { child } of all) {
    if (child.status === 'SUCCEEDED') run.record.counts.succeeded += 1;
    else if (child.status === 'PENDING') run.record.counts.pending += 1;
    else run.record.counts.failed += 1;
  }
  return all;
}

function described(run: Run, index: number, input: unknown): Pick<Child, 'arn' | 'name' | 'machineArn' | 'input'> {
  const name = uuid(`${run.id} ${index}`);
  const machine = run.arn.replace(':mapRun:', ':stateMachine:').slice(0, -(run.id.length + 1));
  return { name, machineArn: machine, arn: `${machine.replace(':stateMachine:', ':execution:')}:${name}`, input };
}

function pendingChild(run: Run, index: number, { input, items }: ChildInput): Ended {
  return { child: { ...described(run, index, input), status: 'PENDING' }, items, seconds: 0 };
}

/** Runs one child execution, which knows nothing but its input. */
async function runChild(run: Run, index: number, { input, items }: ChildInput): Promise<Ended> {
  const started = new Date().toISOString();
  const about = described(run, index, input);
  const walk: Walk = {
    shared: run.walk.shared,
    execution: { Id: about.arn, Name: about.name, StartTime: started },
    input,
    path: [],
    waits: [],
    waited: 0,
    // ExecutionStarted, and how it ended.
    history: { events: 2, largestBytes: 0 },
    endsAfterSeconds: run.express ? expressSeconds : Number.POSITIVE_INFINITY,
    maxEvents: run.express ? Number.POSITIVE_INFINITY : maxHistoryEvents,
  };
  const outcome = await endOf(run, input, walk);
  run.record.transitions += walk.path.length;
  run.record.history.events = Math.max(run.record.history.events, walk.history.events);
  run.record.history.largestBytes = Math.max(run.record.history.largestBytes, walk.history.largestBytes);
  return { child: { ...about, ...outcome, started, stopped: new Date().toISOString() }, items, seconds: walk.waited };
}

async function endOf(
  run: Run,
  input: unknown,
  walk: Walk,
): Promise<Pick<Child, 'status' | 'output' | 'error' | 'cause'>> {
  try {
    const output = await run.runStates(run.processor, input, {}, walk);
    limit(output, `the output of a child of ${run.label}`, walk);
    return { status: 'SUCCEEDED', output };
  } catch (thrown) {
    if (!(thrown instanceof StatesError)) throw thrown;
    if (thrown.error === 'Execution.TimedOut') return { status: 'TIMED_OUT', error: 'States.Timeout', cause: '' };
    return { status: 'FAILED', error: thrown.error, cause: thrown.why };
  }
}

/** Whether so many failed items are more than the state tolerates: by default none may fail. */
async function threshold(state: State, inside: Scope, items: number): Promise<(failed: number) => boolean> {
  const { ToleratedFailureCount: count, ToleratedFailurePercentage: percentage } = state;
  const mostFailed = count === undefined ? undefined : await whole(count, 'ToleratedFailureCount', inside);
  const mostPercent =
    percentage === undefined ? undefined : await whole(percentage, 'ToleratedFailurePercentage', inside);
  if (mostPercent !== undefined && mostPercent > 100)
    throw new StatesError('States.QueryEvaluationError', 'ToleratedFailurePercentage is more than 100');
  return (failed) => {
    if (mostFailed === undefined && mostPercent === undefined) return failed > 0;
    return (
      failed > (mostFailed ?? Number.POSITIVE_INFINITY) || (failed / Math.max(1, items)) * 100 > (mostPercent ?? 100)
    );
  };
}

async function whole(field: unknown, name: string, inside: Scope): Promise<number> {
  const value = await evaluate(field, inside);
  if (!Number.isInteger(value) || (value as number) < 0)
    throw new StatesError('States.QueryEvaluationError', `${name} is no whole number`);
  return value as number;
}

/** The same for the same text, so that a repeated simulation names the same executions. */
function uuid(of: string): string {
  const hex = createHash('sha256').update(of).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
