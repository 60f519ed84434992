import type { Config } from '../config/config.ts';
import { keepingFailure, mapFailureKeyExpression } from './machine-map-failure.ts';
import { catchTo, lambdaTask, type State } from './machine-task.ts';

/** A wait makes nine events, and an execution has 25,000 at most, so the waits of a run that is far back become long. */
const firstWaitSeconds = 10;
const maxWaitSeconds = 300;

/** Iterations that Step Functions runs at a time in an inline map (developer guide, "Map state processing modes"). */
const maxInlineConcurrency = 40;

/** New connections that a cluster accepts in a second when its burst is used up (DSQL user guide, "Cluster quotas"). */
export const connectionsPerSecond = 100;
/**
 * A table that was empty is one partition, which takes a few thousand rows a second whoever writes, and splits after some
 * minutes of writing. So its load begins with a few functions, and their number doubles at this interval.
 */
const freshFunctions = 4;
const freshIntervalSeconds = 300;

/** What every call of a load function is given, by name. */
export const sharedNames = ['execution', 'input', 'run'] as const;

/**
 * The map over groups of chunks, each loaded by a function that is called until its group is done. The chunks' numbers
 * travel, never rows; the output is how many conflicts were met.
 */
export function loadMap(config: Config, next: string): State {
  const { load_concurrency } = config.deploy;
  return {
    Type: 'Map',
    Items: '{% $prepared.groups %}',
    MaxConcurrency: Math.min(load_concurrency, maxInlineConcurrency),
    ItemProcessor: {
      ProcessorConfig: { Mode: 'INLINE' },
      StartAt: 'Load chunks',
      States: groupStates(config, {
        suffix: '',
        wasEmpty: '{% $prepared.was_empty %}',
        given: Object.fromEntries(sharedNames.map((name) => [name, `{% $${name} %}`])),
      }),
    },
    ...loaded,
    Catch: catchTo('load'),
    Next: next,
  };
}

/**
 * The same for a run of many chunks: each group is loaded by a child execution with a history of its own, as many at once
 * as `load_concurrency` says. They begin one after the other, so that the cluster is not asked for all connections at
 * once, and far slower where the table was empty.
 */
export function distributedLoadMap(config: Config, next: string): State {
  const suffix = ' (distributed)';
  const given = Object.fromEntries(sharedNames.map((name) => [name, `{% $states.input.${name} %}`]));
  return {
    Type: 'Map',
    Label: 'Load',
    Items: '{% $prepared.groups %}',
    ItemSelector: {
      from: '{% $states.context.Map.Item.Value.from %}',
      to: '{% $states.context.Map.Item.Value.to %}',
      start_after: startAfter(config),
      was_empty: '{% $prepared.was_empty %}',
      failure_key: mapFailureKeyExpression,
      ...Object.fromEntries(sharedNames.map((name) => [name, `{% $${name} %}`])),
    },
    MaxConcurrency: config.deploy.load_concurrency,
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: 'Wait for its turn',
      States: {
        'Wait for its turn': {
          Type: 'Wait',
          Comment:
            'Connections are opened no faster than the cluster takes them, and a new table is loaded slowly first',
          Seconds: '{% $states.input.start_after %}',
          Next: `Load chunks${suffix}`,
        },
        ...keepingFailure(
          `Load chunks${suffix}`,
          groupStates(config, { suffix, wasEmpty: '{% $states.input.was_empty %}', given }),
          '$states.input.failure_key',
        ),
      },
    },
    ...loaded,
    Catch: catchTo('load'),
    Next: next,
  };
}

const loaded = {
  Output: '{% $sum($append([], $states.result.conflict_retries)) %}',
  Assign: { conflict_retries: '{% $sum($append([], $states.result.conflict_retries)) %}' },
};

interface GroupOptions {
  /** Ends the names of the states, which may be given once in a machine. */
  readonly suffix: string;
  readonly wasEmpty: string;
  /** Where `sharedNames` comes from. */
  readonly given: Readonly<Record<string, string>>;
}

/** The states that load one group: a call, and again while there is something left. */
function groupStates({ deploy }: Config, { given, suffix, wasEmpty }: GroupOptions): Readonly<Record<string, State>> {
  const load = `Load chunks${suffix}`;
  const all = `All of them?${suffix}`;
  const wait = `Wait for a slot${suffix}`;
  const done = `Loaded${suffix}`;
  return {
    [load]: {
      ...lambdaTask({
        fn: 'load',
        comment: 'Writes chunks, each batch with its ledger row in one transaction',
        payload: {
          action: 'load',
          from: '{% $states.input.from %}',
          to: '{% $states.input.to %}',
          conflict_retries: '{% $exists($states.input.conflict_retries) ? $states.input.conflict_retries : 0 %}',
          waits: '{% $exists($states.input.waits) ? $states.input.waits : 0 %}',
          was_empty: wasEmpty,
          ...given,
        },
        seconds: deploy.load.timeout_seconds,
      }),
      Output: '{% $merge([$states.input, $states.result.Payload]) %}',
      Next: all,
    },
    [all]: {
      Type: 'Choice',
      Choices: [
        { Condition: '{% $states.input.complete %}', Next: done },
        { Condition: '{% $states.input.waits > 0 %}', Next: wait },
      ],
      Default: load,
    },
    [wait]: { ...slotWait, Next: load },
    [done]: { Type: 'Succeed', Output: { conflict_retries: '{% $states.input.conflict_retries %}' } },
  };
}

/** What a child execution does while no slot is free; its input says how often it has found none. */
export const slotWait: State = {
  Type: 'Wait',
  Comment: 'As many load functions are connected to the cluster as deploy.max_load_functions allows',
  Seconds: `{% $min([${maxWaitSeconds}, ${firstWaitSeconds} * $power(2, $states.input.waits - 1)]) %}`,
};

/** Seconds after which a group of the first ones begins; a later one begins when one of them has ended. */
function startAfter({ deploy }: Config): string {
  const { load_concurrency, load_connections } = deploy;
  const doubled = `${freshIntervalSeconds} * $length($formatBase($floor($i / ${freshFunctions}), 2))`;
  const fresh = `($i < ${freshFunctions} ? 0 : ${doubled})`;
  const known = `$floor($i * ${load_connections + 1} / ${connectionsPerSecond})`;
  return `{% ($i := $states.context.Map.Item.Index; $i >= ${load_concurrency} ? 0 : $prepared.was_empty ? ${fresh} : ${known}) %}`;
}
