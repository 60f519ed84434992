import type { Machine } from './definition.ts';
import { interpret, type Outcome } from './interpret.ts';
import type { MapObjects } from './map-objects.ts';
import type { Task } from './walk.ts';

/** The execution of a machine that has one map. */
export const execution = {
  Id: 'arn:aws:states:us-east-1:000000000000:execution:etl:run-1',
  Name: 'run-1',
  StartTime: '2026-01-01T00:00:00Z',
};

/** A task whose payload is the input of the state before it. */
export const task = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { in: '{% $states.input %}' },
};

interface MapRunOptions {
  /** Fields of the map beside its processor. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly input?: unknown;
  readonly objects?: MapObjects;
  readonly runTask?: (task: Task) => Promise<unknown>;
  readonly states?: Readonly<Record<string, object>>;
  readonly type?: 'STANDARD' | 'EXPRESS';
  /** Whether the map has the label `Parts`; true by default. */
  readonly label?: boolean;
}

/** A machine of one distributed map between two states; by default a child gives back what it gets. */
export function mapMachine({ fields, label = true, states, type = 'STANDARD' }: Omit<MapRunOptions, 'input'>): Machine {
  const inner = states ?? { Child: { Type: 'Succeed' } };
  return {
    QueryLanguage: 'JSONata',
    StartAt: 'Begin',
    States: {
      Begin: { Type: 'Pass', Assign: { bucket: 'store', most: 2 }, Next: 'Map' },
      Map: {
        Type: 'Map',
        ...(label ? { Label: 'Parts' } : {}),
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: type },
          StartAt: Object.keys(inner)[0] ?? '',
          States: inner,
        },
        Next: 'End',
        ...fields,
      },
      End: { Type: 'Succeed' },
      Caught: { Type: 'Succeed', Output: 'caught' },
    },
  } as unknown as Machine;
}

/** Executes such a machine. */
export async function runMapMachine(options: MapRunOptions): Promise<Outcome> {
  return await interpret(mapMachine(options), {
    input: options.input ?? {},
    execution,
    runTask: options.runTask ?? (async ({ args }) => args.in),
    random: () => 1,
    ...(options.objects === undefined ? {} : { objects: options.objects }),
  });
}
