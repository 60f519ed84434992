import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { chunkGroups } from '../../lib/load/chunk-groups.ts';
import { scatteredRun } from '../support/aws/scattered-run.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { interpret, type Outcome } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const config = parseConfig(
  'pipelines: { sales: { source_type: file, file_path: s3://incoming/sales/, target_table: sales, trigger: { bucket: incoming } } }',
  'etl.yaml',
);
const { load_connections: connections } = config.deploy;

/** Step Functions ends an execution with more (Developer Guide, "Quotas"). */
const maxEvents = 25_000;
const maxBytes = 256 * 1024;

/** Connections of a function that loads nothing, at most (docs/deploy.md, "Sizes and costs"). */
const otherConnections = 2;

interface Figures {
  readonly events: number;
  readonly bytes: number;
  readonly functions: number;
  readonly connections: number;
}

/** Executes the machine with functions that answer at once what the real ones answer in shape and size. */
async function figuresOf(chunks: number, objects: number | undefined): Promise<Figures> {
  let busy = 0;
  let most = 0;
  const name = `objects-${'0'.repeat(36)}`;
  const run = {
    run_id: name,
    trigger: 's3',
    start_time: '2026-01-01T00:00:00.000Z',
    resumed: false,
    repeated: false,
    epoch: 1_767_225_600_000,
    ...(objects === undefined ? {} : { objects }),
  };
  const counts = { rows_read: 1, rows_filtered: 0, rows_deduplicated: 0, rows_rejected: 0, rows_loaded: 1 };
  const answers: Readonly<Record<string, unknown>> = {
    Start: { next: 'go', run, reason: null },
    Extract: { complete: true, parts: objects ?? 1, bytes_read: 1, scattered: false },
    Transform: { complete: true, chunks, ...counts },
    Admit: { admitted: true },
    Define: { done: 'define' },
    Prepare: {
      groups: chunkGroups(chunks),
      distributed: false,
      warnings: [],
      was_empty: false,
      index: false,
      conclude: false,
    },
    Record: { run_id: name, pipeline_name: 'sales', status: 'success', ...counts },
    'Next run': { started: true },
  };
  const runTask = async ({ args, state }: Task): Promise<unknown> => {
    busy += 1;
    most = Math.max(most, busy);
    await new Promise((resolve) => setImmediate(resolve));
    busy -= 1;
    const { to } = args.Payload as { readonly to?: number };
    return { Payload: answers[state] ?? { from: to, complete: true, conflict_retries: 0 } };
  };
  const outcome = await interpret(machineDefinition(config) as unknown as Machine, {
    input: { pipeline: 'sales', trigger: 's3', ...(objects === undefined ? {} : { objects: 'waiting' }) },
    execution: { Id: `arn:aws:states:us-east-1:0:execution:etl:${name}`, Name: name, StartTime: run.start_time },
    runTask,
  });
  return { ...sizeOf(outcome), functions: most, connections: most * (connections + 1) };
}

/** The same of a source that is cleaned in pieces. */
async function scatteredFigures(slices: number, chunks: number): Promise<Figures> {
  const outcome = await scatteredRun({ parts: slices, buckets: slices / 4, chunks, batch: 'as deployed' });
  const maps = outcome.mapRuns.map(({ mostAtOnce, state }) => {
    const each = state.startsWith('Load') ? connections + 1 : otherConnections;
    return { functions: mostAtOnce, connections: mostAtOnce * each };
  });
  const most = (of: 'connections' | 'functions'): number => Math.max(...maps.map((map) => map[of]));
  return { ...sizeOf(outcome), functions: most('functions'), connections: most('connections') };
}

function sizeOf(outcome: Outcome): Pick<Figures, 'bytes' | 'events'> {
  expect(outcome.status, outcome.cause).toBe('SUCCEEDED');
  const histories = [outcome.history, ...outcome.mapRuns.map(({ history }) => history)];
  const events = Math.max(...histories.map((history) => history.events));
  const bytes = Math.max(...histories.map(({ largestBytes }) => largestBytes));
  expect(events).toBeLessThan(maxEvents);
  expect(bytes).toBeLessThan(maxBytes);
  return { events: outcome.history.events, bytes };
}

const grouped = (value: number): string => value.toLocaleString('en-US');

function row(what: string, runs: number, figures: Figures): string {
  const { bytes, connections: open, events, functions } = figures;
  return `| ${[what, runs, grouped(events), grouped(bytes), functions, open].join(' | ')} |`;
}

const start = '<!-- executions -->\n';
const end = '<!-- end of executions -->';

describe('the table of what a run costs in executions', () => {
  it('in docs/deploy.md is what the state machine does', async () => {
    const rows = [
      '| source | runs | history events a run | largest state, bytes | functions at once | connections at most |',
      '|---|---|---|---|---|---|',
      row('1 chunk', 1, await figuresOf(1, undefined)),
      row('400 chunks', 1, await figuresOf(400, undefined)),
      row('10,000 slices and 100,000 chunks, above `scatter_above_mb`', 1, await scatteredFigures(10_000, 100_000)),
      row('10,000 objects, 1 chunk a run', 10, await figuresOf(1, 1_000)),
    ];
    const table = `\n${rows.join('\n')}\n\n`;
    const text = readFileSync('docs/deploy.md', 'utf8');
    const from = text.indexOf(start) + start.length;
    const to = text.indexOf(end);
    expect(from).toBeGreaterThan(start.length);
    if (process.env.WRITE_DOCS === '1') {
      writeFileSync('docs/deploy.md', `${text.slice(0, from)}${table}${text.slice(to)}`);
    } else expect(text.slice(from, to)).toBe(table);
  });
});
