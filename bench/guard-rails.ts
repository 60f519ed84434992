/** Whether loads have become slower or larger: a short comparison within one run, against the ratios in `ratios.json`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { comparePeers, type PeerFigures } from './peers.ts';
import { type Measured, measured } from './support/measured-process.ts';
import { type Workload, workloads } from './support/peer-ways.ts';

const file = 'bench/ratios.json';

/** How often the committed figure one may be: times beside other work vary widely, memory and processor time little. */
const slack = { time: 2.5, cpu: 1.5, memory: 1.4 } as const;

interface Figure {
  readonly name: string;
  readonly kind: keyof typeof slack;
  /** Undefined where this machine cannot tell. */
  readonly value: number | undefined;
}

/**
 * Prints each figure beside the committed one, and fails where one is clearly larger in two measurements; `--write` commits
 * what is found.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '50000' },
      rounds: { type: 'string', default: '3' },
      write: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  const start = await Promise.all(
    Array.from({ length: rounds }, () => measured({ file: process.execPath, args: ['-e', '0'] })),
  );
  const options = { rows: Number(values.rows), rounds, connections: 8, ownOnly: true, workloads };
  const measure = async (): Promise<readonly Figure[]> => figuresOf(await comparePeers(options), start);
  let figures = await measure();
  if (values.write) {
    const found = figures.flatMap(({ name, value }) => (value === undefined ? [] : [[name, Number(value.toFixed(2))]]));
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(found), null, 2)}\n`);
  }
  const committed = new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, number>>));
  if (figures.some((figure) => isLost(figure, committed))) {
    process.stdout.write('Some figures are too large: measured once more, and the better of both counts.\n');
    figures = better(figures, await measure());
  }
  for (const figure of figures) process.stdout.write(`${lineOf(figure, committed)}\n`);
  if (figures.some((figure) => isLost(figure, committed))) process.exitCode = 1;
}

function isLost({ kind, name, value }: Figure, committed: ReadonlyMap<string, number>): boolean {
  const before = committed.get(name);
  return value !== undefined && before !== undefined && value > before * slack[kind];
}

/** Figure by figure, the smaller one. */
function better(figures: readonly Figure[], others: readonly Figure[]): readonly Figure[] {
  return figures.map((figure) => {
    const again = others.find(({ name }) => name === figure.name)?.value;
    return again === undefined || (figure.value ?? again) < again ? figure : { ...figure, value: again };
  });
}

function lineOf(figure: Figure, committed: ReadonlyMap<string, number>): string {
  const { kind, name, value } = figure;
  const before = committed.get(name);
  if (value === undefined || before === undefined) return `${name}: not known`;
  const most = (before * slack[kind]).toFixed(2);
  const loss = isLost(figure, committed) ? '  TOO MUCH' : '';
  return `${name}: ${value.toFixed(2)}, committed ${before.toFixed(2)}, at most ${most}${loss}`;
}

/** The best rounds: what other processes take only ever adds. */
function figuresOf(figures: PeerFigures, start: readonly Measured[]): readonly Figure[] {
  const [ours, copy] = [...figures.values()];
  const least = (all: readonly (number | undefined)[]): number | undefined => {
    const known = all.filter((one) => one !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  };
  const seconds = (workload: Workload, way = ours): number | undefined =>
    least((way?.get(workload) ?? []).map((one) => one.seconds));
  const cpu = (workload: Workload): number | undefined =>
    least((ours?.get(workload) ?? []).map((one) => one.cpuSeconds));
  const ratio = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined || other === undefined || other === 0 ? undefined : one / other;
  const insert = seconds('insert');
  const node = least(start.map((one) => one.cpuSeconds));
  return [
    { name: 'insert ÷ raw COPY, time', kind: 'time', value: ratio(insert, seconds('insert', copy)) },
    { name: 'first upsert ÷ insert, time', kind: 'time', value: ratio(seconds('first'), insert) },
    { name: 'upsert of a tenth ÷ insert, time', kind: 'time', value: ratio(seconds('over'), insert) },
    { name: '100 rows ÷ node itself, processor time', kind: 'cpu', value: ratio(cpu('small'), node) },
    { name: 'insert ÷ 100 rows, processor time', kind: 'cpu', value: ratio(cpu('insert'), cpu('small')) },
    ...workloads.map(
      (workload): Figure => ({
        name: `${workload}, peak MB`,
        kind: 'memory',
        value: least((ours?.get(workload) ?? []).map((one) => one.peakMb)),
      }),
    ),
  ];
}
