import { parseConfig } from '../../../lib/config/read-config.ts';
import { machineDefinition } from '../../../lib/infra/machine-definition.ts';
import { chunkGroups } from '../../../lib/load/chunk-groups.ts';
import { batchOf } from '../../../lib/scatter/pieces.ts';
import type { Machine } from '../states-interpreter/definition.ts';
import { interpret, type Outcome } from '../states-interpreter/interpret.ts';
import { memoryObjects } from '../states-interpreter/memory-objects.ts';
import type { Task } from '../states-interpreter/walk.ts';

const runId = `objects-${'0'.repeat(36)}`;

/** What functions would answer in a scattered run. */
export interface ScatteredRun {
  /** Slices of the source, and its buckets and chunks where there are not as many. */
  readonly parts: number;
  readonly buckets?: number;
  readonly chunks?: number;
  /** Files that have to be copied first; none where this is left out. */
  readonly copies?: number;
  /** Items of a child execution: one where this is left out. */
  readonly batch?: number | 'as deployed';
  /** How often the plan asks for slices once more, and which. */
  readonly again?: readonly (readonly unknown[])[];
  /** What a function does with a batch: how far it came; it does all of it where this is left out. */
  readonly work?: (task: Task) => unknown;
  /** What happens before any function answers. */
  readonly before?: (task: Task) => void;
  /** The share of every wait before a retry that is waited; all of it where this is left out. */
  readonly wait?: number;
  readonly put?: (args: Task['args']) => unknown;
}

export type ScatteredOutcome = Outcome & { readonly notified: readonly unknown[] };

/** The state machine of the service, with functions that do nothing but answer as in a run whose source is cleaned in pieces. */
export async function scatteredRun(run: ScatteredRun): Promise<ScatteredOutcome> {
  const { again = [], batch = 1, before, copies = 0, parts, buckets = parts, chunks = parts } = run;
  const { put = () => ({}), wait = 1, work = doAll } = run;
  const config = parseConfig(
    'pipelines: { sales: { source_type: file, file_path: s3://b/a.csv, target_table: a } }\ndeploy: { run_timeout_minutes: 1440 }',
    'etl.yaml',
  );
  const numbers = Array.from({ length: parts }, (_, index) => index);
  const lists = {
    numbers: JSON.stringify(numbers),
    buckets: JSON.stringify(Array.from({ length: buckets }, (_, index) => index)),
    copies: JSON.stringify(Array.from({ length: copies }, (_, index) => copiedFile(index))),
    slices: JSON.stringify(numbers.map((slice) => ({ slice }))),
    ...Object.fromEntries(again.map((items, round) => [`again${round}`, JSON.stringify(items)])),
  };
  const list = (key: string, items: number): unknown => ({
    key,
    batch: batch === 'as deployed' ? batchOf(items, config.deploy.scatter_concurrency) : batch,
  });
  const notified: unknown[] = [];
  let plans = 0;
  let extracts = 0;
  const answerOf = (task: Task): unknown => {
    const { args, state } = task;
    const payload = args.Payload as Readonly<Record<string, unknown>>;
    if (state.endsWith(' pieces') || state === 'Copy files') return work(task);
    if (state.startsWith('Load chunks')) return { from: payload.to, complete: true, conflict_retries: 0, waits: 0 };
    if (state === 'Notify') notified.push(payload.error);
    if (state === 'Extract') {
      extracts += 1;
      const given = extracts === 1 && copies > 0;
      return { complete: !given, scattered: !given, copy: given ? list('copies', copies) : null };
    }
    if (state === 'Plan') {
      plans += 1;
      return plans <= again.length
        ? { survey: list(`again${plans - 1}`, again[plans - 1]?.length ?? 0), clean: null, gather: null }
        : { survey: null, clean: list('numbers', parts), gather: list('buckets', buckets) };
    }
    const prepared = { groups: chunkGroups(chunks, 'distributed'), distributed: true, was_empty: false };
    const answers: Readonly<Record<string, unknown>> = {
      Start: { next: 'go', run: { run_id: runId, trigger: 's3', epoch: 1_767_225_600_000 }, reason: null },
      Split: { complete: false, job: '0123456789abcdef', survey: list('slices', parts) },
      Prepare: { ...prepared, warnings: [], index: false, conclude: true },
      Conclude: { rows_deleted: 0, verified: null },
      Notify: payload.error,
    };
    return answers[state] ?? {};
  };
  const machine = JSON.parse(
    JSON.stringify(machineDefinition(config)).replaceAll(/\$\{(\w+)\}/g, (_, name: string) =>
      name === 'StagingBucket'
        ? 'staging'
        : name === 'Partition'
          ? 'aws'
          : `arn:aws:lambda:us-east-1:1:function:${name}`,
    ),
  ) as Machine;
  const outcome = await interpret(machine, {
    input: { pipeline: 'sales' },
    execution: {
      Id: `arn:aws:states:us-east-1:000000000000:execution:dsql-etl-prod:${runId}`,
      Name: runId,
      StartTime: '2026-01-01T00:00:00.000Z',
    },
    objects: memoryObjects(
      Object.fromEntries(Object.entries(lists).map(([name, text]) => [`staging/${name}`, text] as const)),
    ),
    runTask: async (task) => {
      before?.(task);
      return task.resource.endsWith(':aws-sdk:s3:putObject') ? put(task.args) : { Payload: answerOf(task) };
    },
    random: () => wait,
  });
  return { ...outcome, notified };
}

/** A file as `extract` gives it to others, with a key of usual length. */
function copiedFile(number: number): unknown {
  const location = `s3://a-bucket-of-some-team/exports/2026/01/01/${'0'.repeat(120)}-${number}.csv.gz`;
  return { number, file: { shown: location, location, bytes: 1_000_000, etag: `"${'e'.repeat(32)}"` } };
}

/** A function that does all that it is asked for. */
function doAll({ args }: Task): unknown {
  return { done: (args.Payload as { readonly items: readonly unknown[] }).items.length };
}
