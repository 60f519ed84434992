/** Ours beside the loaders of others: the same files, the same PostgreSQL, whole processes, alternating. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { messageOf } from '../lib/errors.ts';
import { holdLocalDsql } from '../lib/local/client.ts';
import { localFolder } from '../lib/local/postgres/folder.ts';
import { bundleChild } from './support/bundle-child.ts';
import { openDelay } from './support/delay.ts';
import { median, sourceColumns } from './support/load-data.ts';
import { machineText } from './support/machine.ts';
import { type Measured, measured } from './support/measured-process.ts';
import { writePeerData } from './support/peer-data.ts';
import {
  copyWay,
  fileOf,
  namedBinary,
  ownWay,
  type PeerTarget,
  type PeerWay,
  pythonWay,
  slingWay,
  type Workload,
  workloads,
} from './support/peer-ways.ts';
import { writeResults } from './support/results.ts';

/** What every way took, by workload, round by round. */
export type PeerFigures = ReadonlyMap<PeerWay, ReadonlyMap<Workload, readonly Measured[]>>;

export interface PeerOptions {
  readonly rows: number;
  readonly rounds: number;
  readonly connections: number;
  /** Leave the loaders of others out. */
  readonly ownOnly: boolean;
  readonly workloads: readonly Workload[];
}

const titles: Readonly<Record<Workload, string>> = {
  insert: 'insert',
  first: 'first upsert, no table',
  over: 'upsert of a tenth over all rows, every one of them changed',
  small: '100 rows; ours into the local DSQL that runs',
};

/** Alternates the ways, `--rounds` times, and prints the medians with their spread. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '8' },
      only: { type: 'string' },
      'own-only': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const options: PeerOptions = {
    rows: Number(values.rows),
    rounds: Number(values.rounds),
    connections: Number(values.connections),
    ownOnly: values['own-only'],
    workloads: workloads.filter((one) => values.only === undefined || values.only.split(',').includes(one)),
  };
  const report = reportOf(options, await comparePeers(options));
  process.stdout.write(`${report}\n`);
  if (values.write) writeResults(`npm run bench -- peers ${args.join(' ')}`, report);
}

/** Measures every way that there is. */
export async function comparePeers(options: PeerOptions): Promise<PeerFigures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  const data = await writePeerData(folder, options.rows);
  const hold = await holdLocalDsql({ stateDir: path.join(folder, '.etl') });
  const socket = path.join(localFolder(path.join(folder, '.etl')).sockets, 'pg');
  const forward = await openDelay({ path: path.join(socket, '.s.PGSQL.5432') }, 0);
  const target: PeerTarget = {
    socket,
    port: forward.port,
    folder,
    connections: options.connections,
    pipeline: bundleChild('load-pipeline'),
  };
  const sql = postgres({ host: socket, user: 'postgres', database: 'postgres', max: 1, onnotice: () => undefined });
  const own = ownWay(target);
  const ways = [own, copyWay(target, data, finishedTable), ...(options.ownOnly ? [] : others(target))];
  let runs = 0;
  const figures = new Map(ways.map((way) => [way, new Map<Workload, Measured[]>()] as const));
  try {
    // DSQL bounds the temporary space of a query, a plain PostgreSQL does not: Sling's first upsert needs more.
    await sql.unsafe('ALTER ROLE postgres SET temp_file_limit = -1');
    // The service's tables are then the cluster's own, and not the superuser's who loads past the local DSQL.
    await once(own, 'small', 0);
    for (const workload of options.workloads) {
      for (let round = workload === 'over' ? -1 : 0; round < options.rounds; round += 1) {
        for (const [way, found] of figures) {
          const took = await once(way, workload, round).catch((error: unknown) => {
            // What somebody else's loader cannot do is no reason to know nothing of the others.
            if (way === own) throw error;
            process.stderr.write(`${way.name}, ${workload}: ${messageOf(error)}\n`);
            return undefined;
          });
          if (took === undefined || round < 0) continue;
          found.set(workload, [...(found.get(workload) ?? []), took]);
        }
      }
    }
    return figures;
  } finally {
    await sql.end({ timeout: 5 });
    await forward.close();
    await hold.release();
    rmSync(folder, { recursive: true, force: true });
  }

  async function once(way: PeerWay, workload: Workload, round: number): Promise<Measured | undefined> {
    const table = `${way.name.replace(/\W.*$/, '')}_${workload}`;
    // The round before the first brings all rows, which the others change.
    const file = round < 0 ? data.csv : fileOf(data, workload, round);
    const command = way.command(workload, file, table);
    if (command === undefined) return undefined;
    if (workload !== 'over' || round < 0) {
      await sql.unsafe(`DROP TABLE IF EXISTS public.${table}`);
      // dlt keeps in the database which tables it has made.
      if (way.name === 'dlt') {
        await sql.unsafe('DROP TABLE IF EXISTS public._dlt_version, public._dlt_loads, public._dlt_pipeline_state');
      }
      if (way.table !== undefined) await sql.unsafe(`CREATE TABLE public.${table} ${way.table}`);
      else if (way.name === 'pandas' && workload === 'over') {
        await sql.unsafe(`CREATE TABLE public.${table} (${sourceColumns.join(', ')}, PRIMARY KEY (id))`);
      }
    }
    if (workload === 'small') {
      const pipeline = `${table}_${runs}`;
      runs += 1;
      writeFileSync(
        path.join(folder, 'etl.yaml'),
        `pipelines: { ${pipeline}: { source_type: file, file_path: small.csv, target_table: ${pipeline} } }\n`,
      );
    }
    await sql.unsafe('CHECKPOINT');
    return await measured(command);
  }
}

const finishedTable = `(uuid_id uuid PRIMARY KEY, ${sourceColumns.join(', ')}, extracted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP)`;

/** The loaders of others that are on this machine. */
function others(target: PeerTarget): readonly PeerWay[] {
  const sling = namedBinary('SLING_BINARY');
  const python = namedBinary('BENCH_PYTHON');
  const version = (code: string): string | undefined => {
    const ended = spawnSync(python ?? '', ['-c', code], { encoding: 'utf8' });
    return ended.status === 0 ? ended.stdout.trim() : undefined;
  };
  const libraries = (['dlt', 'pandas'] as const).flatMap((library) => {
    const found = python === undefined ? undefined : version(`import ${library}; print(${library}.__version__)`);
    return python === undefined || found === undefined ? [] : [pythonWay(target, python, library, found)];
  });
  if (sling === undefined) return libraries;
  const said = spawnSync(sling, ['--version'], { encoding: 'utf8' }).stdout;
  return [slingWay(target, sling, /\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'unknown version'), ...libraries];
}

function reportOf({ connections, rounds, rows }: PeerOptions, figures: PeerFigures): string {
  const [ours] = figures.keys();
  const lines = workloads.flatMap((workload) =>
    [...figures].flatMap(([way, found]) => {
      const all = found.get(workload) ?? [];
      if (all.length === 0) return [];
      const base = (ours === undefined ? undefined : figures.get(ours)?.get(workload)) ?? [];
      const ratio = median(all.map(({ seconds }, round) => seconds / (base[round]?.seconds ?? seconds)));
      const seconds = all.map((one) => one.seconds);
      const cpu = all.flatMap((one) => one.cpuSeconds ?? []);
      const peak = all.flatMap((one) => one.peakMb ?? []);
      return `| ${titles[workload]} | ${way.name} ${way.version} | ${median(seconds).toFixed(2)} (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}) | ${ratio.toFixed(2)} | ${cpu.length === 0 ? '' : median(cpu).toFixed(2)} | ${peak.length === 0 ? '' : Math.round(median(peak))} |`;
    }),
  );
  return [
    `${rows.toLocaleString('en')} rows × 10 columns, ${rounds} rounds, ${connections} connections of ours, ${machineText()}. Whole processes, alternating; medians, least and most; ratios to ours round by round; processor time and memory are of the loading process alone.`,
    '',
    '| | way | seconds | ÷ ours | CPU s | peak MB |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
