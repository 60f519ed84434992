import type { MachineFigures } from './machine-figures.ts';
import { type ScaledRun, type ScaleRates, scaledRun, scaleSettings, stepNames } from './scale-model.ts';
import type { StepFigures } from './scatter-machine.ts';

/** The sizes that the page shows, in bytes. */
const sizes = [
  ['1 GB', 1e9],
  ['10 GB', 1e10],
  ['100 GB', 1e11],
  ['1 TB', 1e12],
] as const;

const table = (lines: readonly (readonly (string | number)[])[]): string => {
  const [head = [], ...rest] = lines.map((cells) => `| ${cells.join(' | ')} |`);
  return [head, `|${'---|'.repeat(lines[0]?.length ?? 0)}`, ...rest].join('\n');
};

/** Two figures, with a word for what is large. */
function short(value: number): string {
  const [divisor, word] = value >= 1e9 ? [1e9, ' billion'] : value >= 1e6 ? [1e6, ' million'] : [1, ''];
  const rounded = value / divisor >= 100 ? Math.round(value / divisor) : Number((value / divisor).toPrecision(2));
  return `${rounded.toLocaleString('en-US')}${word}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

const money = (usd: number): string => (usd < 1 ? `$${usd.toFixed(2)}` : `$${short(usd)}`);

/** The cells of a step's line. */
export function stepLine({ calls, cpu_seconds, longest_seconds, peak_mb, step }: StepFigures): readonly string[] {
  const seconds = [longest_seconds, cpu_seconds].map((value) => `${value.toFixed(1)} s`);
  return [step, String(calls), ...seconds, `${Math.round(peak_mb)} MB`];
}

/** The table of docs/scale.md of the calls that were measured. */
export function piecesTable({ steps, whole }: ScaleRates): string {
  return table([
    ['step', 'calls', 'longest call', 'processor time of all', 'peak memory of a process'],
    ...steps.map(stepLine),
    ['in one go', ...stepLine(whole).slice(1)],
  ]);
}

/** The table of docs/scale.md of the calls of a run through the state machine. */
export function machineTable({ calls }: MachineFigures): string {
  return table([
    ['function', 'calls', 'longest call', 'peak memory', 'of', 'read of S3 by one call at most'],
    ...calls.map(({ calls: count, longest_seconds, memory_mb, most_read, name, peak_mb }) => [
      name,
      count,
      `${longest_seconds.toFixed(1)} s`,
      `${peak_mb} MB`,
      `${memory_mb.toLocaleString('en-US')} MB`,
      `${(most_read / 1e6).toFixed(1)} MB`,
    ]),
  ]);
}

/** What docs/scale.md says of that run as a whole. */
export function machineSummary(figures: MachineFigures): string {
  const { buckets, bytes, calls, events, payload, rows, seconds, slices } = figures;
  const grouped = (value: number): string => value.toLocaleString('en-US');
  const [largest] = calls.toSorted((one, other) => other.peak_mb / other.memory_mb - one.peak_mb / one.memory_mb);
  return [
    `${grouped(rows)} rows of ${grouped(Math.round(bytes / 1e6))} MB of CSV, in ${slices} slices and ${buckets} buckets,`,
    `took ${grouped(seconds)} s with one call of a function at a time, the load into a local DSQL among them.`,
    `The longest history had ${grouped(events)} events, the largest payload ${grouped(payload)} bytes.`,
    `The fullest function was ${largest?.name ?? ''}, with ${largest?.peak_mb ?? 0} of ${grouped(largest?.memory_mb ?? 0)} MB.`,
  ].join(' ');
}

/** The tables of docs/scale.md: time by step, cost, and the limits that a run comes near to. */
export function scaleTables(rates: ScaleRates): string {
  const runs = sizes.map(([name, bytes]) => [name, scaledRun(bytes, rates)] as const);
  const time = table([
    ['size', 'rows', 'parts', 'buckets', ...stepNames, 'in all', 'longest step, and what bounds it'],
    ...runs.map(([name, run]) => [
      name,
      short(run.rows),
      short(run.parts),
      run.buckets,
      ...stepNames.map((step) => duration(run.seconds[step])),
      duration(run.total),
      `${run.binds}: ${run.bounds[run.binds]}`,
    ]),
  ]);
  const cost = table([
    ['size', 'functions', 'Step Functions', 'requests of S3', 'Aurora DSQL', 'in all'],
    ...runs.map(([name, { usd }]) => [
      name,
      money(usd.lambda),
      money(usd.states),
      money(usd.s3),
      money(usd.dsql),
      money(usd.lambda + usd.states + usd.s3 + usd.dsql),
    ]),
  ]);
  const { concurrency, loadConnections, loadFunctions } = scaleSettings;
  const limits = table([
    ['what', 'limit', ...sizes.map(([name]) => name)],
    row('child executions of one map', 'any number; 10,000 at once', ({ parts }) => short(parts)),
    row('functions at once', '1,000 an account', ({ parts }) => Math.min(parts, concurrency)),
    row('reads of S3', '5,500 a second of a prefix', ({ gets }) => short(gets)),
    row('connections of the load', '10,000 a cluster, 1,000 at once', () => loadFunctions * (loadConnections + 1)),
    row('time of the run', '24 h (`run_timeout_minutes`)', ({ total }) => duration(total)),
    row('rows stored, without indexes', '10 TiB a cluster', ({ stored }) => `${short(stored / 1e9)} GB`),
  ]);
  return [time, cost, limits].join('\n\n');

  function row(what: string, limit: string, of: (run: ScaledRun) => string | number): readonly (string | number)[] {
    return [what, limit, ...runs.map(([, run]) => of(run))];
  }
}
