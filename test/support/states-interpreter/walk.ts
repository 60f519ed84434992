import { StatesError } from './errors.ts';
import type { MapObjects } from './map-objects.ts';

/** Bytes that a task, state or execution may take or give (Developer Guide, "Quotas", task executions). */
export const maxPayloadBytes = 256 * 1024;

/** Events of a Standard execution, which fails with more (Developer Guide, "Quotas", state machine executions). */
export const maxHistoryEvents = 25_000;

export interface Task {
  readonly resource: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
  /** The state's name. */
  readonly state: string;
}

/** What `$states.context.Execution` says beside the input. */
export interface Execution {
  readonly Id: string;
  readonly Name: string;
  readonly StartTime: string;
}

export interface History {
  events: number;
  largestBytes: number;
}

/** What came of one run of a distributed map. */
export interface MapRun {
  /** Name of the state. */
  readonly state: string;
  readonly arn: string;
  /** Child executions by how they ended; pending are those that were never started. */
  readonly counts: { succeeded: number; failed: number; pending: number };
  /** Child executions that ran at the same time at most. */
  mostAtOnce: number;
  /** States that all children have entered. */
  transitions: number;
  /** The longest history of a child, and the largest payload in one. */
  readonly history: History;
}

/** What all executions of one run of the interpreter share. */
export interface Shared {
  readonly runTask: (task: Task) => Promise<unknown>;
  readonly random: () => number;
  readonly objects: MapObjects | undefined;
  readonly mapRuns: MapRun[];
  /** Map runs that have not ended. */
  readonly open: { mapRuns: number };
}

/** One execution on its way: the parent's, or a child's of a distributed map. */
export interface Walk {
  readonly shared: Shared;
  readonly execution: Execution;
  readonly input: unknown;
  readonly path: string[];
  readonly waits: number[];
  /** Seconds that the waits are together. */
  waited: number;
  readonly history: History;
  readonly endsAfterSeconds: number;
  readonly maxEvents: number;
}

/** Lets virtual time pass. */
export function pass(seconds: number, walk: Walk): void {
  walk.waits.push(seconds);
  walk.waited += seconds;
}

/** Counts a payload. @throws {StatesError} States.DataLimitExceeded with more than 256 KiB */
export function limit(value: unknown, where: string, { history }: Walk): void {
  const bytes = Buffer.byteLength(JSON.stringify(value ?? null));
  history.largestBytes = Math.max(history.largestBytes, bytes);
  if (bytes > maxPayloadBytes) {
    throw new StatesError('States.DataLimitExceeded', `More than ${maxPayloadBytes} bytes at ${where}`);
  }
}

/** Counts events of the history. @throws {StatesError} States.Runtime with more than an execution may have */
export function countEvents(events: number, { history, maxEvents }: Walk): void {
  history.events += events;
  if (history.events > maxEvents) {
    throw new StatesError(
      'States.Runtime',
      `The execution reached the maximum number of history events (${maxEvents})`,
    );
  }
}
