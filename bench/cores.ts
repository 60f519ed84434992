/** How loads go faster with more cores: the same load by a process that may use one core, two, and all of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { holdLocalDsql } from '../lib/local/client.ts';
import { localFolder } from '../lib/local/postgres/folder.ts';
import { bundleChild } from './support/bundle-child.ts';
import { median } from './support/load-data.ts';
import type { PipelineFigures } from './support/load-pipeline.ts';
import { machineText } from './support/machine.ts';
import { type Measured, measured } from './support/measured-process.ts';
import { writePeerData } from './support/peer-data.ts';
import { ownWay, type PeerTarget, type Workload } from './support/peer-ways.ts';
import { writeResults } from './support/results.ts';

const loads: readonly Workload[] = ['insert', 'first'];

/** Loads that were measured with some cores. */
interface Measurement {
  readonly load: Workload;
  readonly cores: number;
  readonly took: Measured[];
}

/** Alternates the numbers of cores, `--rounds` times, and prints the medians. The database may use all cores. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      write: { type: 'boolean', default: false },
    },
  });
  const rows = Number(values.rows);
  const all = availableParallelism();
  const numbers = [...new Set([1, 2, all])].filter((cores) => cores <= all);
  const measurements = loads.flatMap((load) => numbers.map((cores): Measurement => ({ load, cores, took: [] })));
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  const data = await writePeerData(folder, rows);
  const hold = await holdLocalDsql({ stateDir: path.join(folder, '.etl') });
  const target: PeerTarget = {
    socket: path.join(localFolder(path.join(folder, '.etl')).sockets, 'pg'),
    port: 5432,
    folder,
    connections: 8,
    pipeline: bundleChild('load-pipeline'),
  };
  try {
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const { cores, load, took } of measurements) {
        const command = ownWay(target).command(load, data.csv, `${load}_${cores}_${round}`);
        if (command === undefined) continue;
        const bound = { file: 'taskset', args: ['-c', `0-${cores - 1}`, command.file, ...command.args] };
        const measurement = await measured(bound);
        requireSuccess(measurement, rows);
        took.push(measurement);
      }
    }
  } finally {
    await hold.release();
    rmSync(folder, { recursive: true, force: true });
  }
  const report = reportOf(measurements, rows, values.rounds);
  process.stdout.write(`${report}\n`);
  if (values.write) writeResults('npm run bench -- cores --write', report);
}

function requireSuccess({ stdout }: Measured, rows: number): void {
  const figures = JSON.parse(stdout) as PipelineFigures;
  if (figures.rows !== rows) throw new Error(`${figures.rows} of ${rows} rows were loaded: ${figures.error}`);
}

function reportOf(measurements: readonly Measurement[], rows: number, rounds: string): string {
  const lines = measurements.map(({ cores, load, took }) => {
    const one = measurements.find((other) => other.load === load && other.cores === 1);
    const seconds = median(took.map((each) => each.seconds));
    const ratio = median(took.map((each, round) => each.seconds / (one?.took[round]?.seconds ?? each.seconds)));
    const cpu = took.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
    return `| ${load === 'first' ? 'first upsert' : load} | ${cores} | ${seconds.toFixed(1)} | ${ratio.toFixed(2)} | ${cpu.length === 0 ? '' : median(cpu).toFixed(1)} |`;
  });
  return [
    `${rows.toLocaleString('en')} rows × 10 columns by a process that is bound to some cores, into a PostgreSQL that may use all of them; ${rounds} rounds, ${machineText()}. Medians; ratios round by round.`,
    '',
    '| load | cores of the process | seconds | ÷ one core | CPU s |',
    '|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
