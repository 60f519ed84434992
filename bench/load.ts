/** How fast rows get in: our whole pipeline against COPY, bound parameters, and a statement a row, on one PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { holdLocalDsql } from '../lib/local/client.ts';
import { localFolder } from '../lib/local/postgres/folder.ts';
import { openDelay } from './support/delay.ts';
import { inProcess } from './support/in-process.ts';
import { finishedColumns, median, writeLoadData } from './support/load-data.ts';
import type { PipelineFigures, PipelineJob } from './support/load-pipeline.ts';
import type { WayJob } from './support/load-way.ts';
import { machineText } from './support/machine.ts';
import { writeResults } from './support/results.ts';

/** Added to every round trip in the rows of the table that say so: a client in the cluster's Region, not on its host. */
const roundTripMs = 1.5;

async function pipelineRun(job: PipelineJob): Promise<PipelineFigures> {
  const figures = await inProcess<PipelineFigures>('load-pipeline', job);
  if (figures.status !== 'success') throw new Error(`The pipeline failed: ${figures.error}`);
  return figures;
}

async function makeTable(sql: postgres.Sql, table: string): Promise<void> {
  const columns = finishedColumns.map((column) => (column.startsWith('uuid_id') ? `${column} PRIMARY KEY` : column));
  await sql.unsafe(`CREATE TABLE ${table} (${columns.join(', ')},
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP)`);
}

/** Seconds of every round, by way. */
type Times = Readonly<Record<'copy' | 'ours' | 'values' | 'rows' | 'oursFar' | 'rowsFar', number[]>>;

/** Alternates the ways, `rounds` times each, and prints the medians, and the median of each round's ratio to ours. */
export async function run(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '8' },
      'row-by-row': { type: 'string', default: '20000' },
      'row-by-row-far': { type: 'string', default: '3000' },
      durability: { type: 'string', default: 'machine' },
      only: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const rows = Number(options.rows);
  const connections = Number(options.connections);
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  const files = await writeLoadData(folder, rows);
  const hold = await holdLocalDsql({
    stateDir: folder,
    durability: options.durability === 'process' ? 'process' : 'machine',
  });
  const near = { host: path.join(localFolder(folder).sockets, 'pg'), port: 5432 };
  const far = await openDelay({ path: path.join(near.host, '.s.PGSQL.5432') }, roundTripMs);
  const sql = postgres({
    ...near,
    user: 'postgres',
    database: 'postgres',
    max: 1,
    fetch_types: false,
    onnotice: () => undefined,
  });
  const times: Times = { copy: [], ours: [], values: [], rows: [], oursFar: [], rowsFar: [] };
  const peaks: number[] = [];
  /** A loaded fraction stands for all rows: 98 % of the source pass the filter, and the finished file holds those. */
  const finished = Math.round(rows * 0.98);
  const byWay = async (way: WayJob['way'], at: { host: string; port: number }, limit?: number): Promise<number> => {
    await makeTable(sql, 'bench_way');
    const job: WayJob = {
      way,
      file: files.copy,
      table: 'bench_way',
      host: at.host,
      port: at.port,
      ...(limit === undefined ? {} : { rows: limit }),
    };
    const { seconds } = await inProcess<{ readonly seconds: number }>('load-way', job);
    await sql`DROP TABLE bench_way`;
    return limit === undefined ? seconds : (seconds * finished) / limit;
  };
  const ours = async (at: { host: string; port: number }, table: string): Promise<PipelineFigures> => {
    const figures = await pipelineRun({ folder, csv: files.csv, table, connections, host: at.host, port: at.port });
    await sql.unsafe(`DROP TABLE ${table}`);
    return figures;
  };
  try {
    for (let round = 0; round < Number(options.rounds); round += 1) {
      const figures = await ours(near, `ours_${round}`);
      times.ours.push(figures.seconds);
      peaks.push(figures.peakMb);
      if (options.only === 'ours') continue;
      times.copy.push(await byWay('copy', near));
      times.values.push(await byWay('values', near));
      times.rows.push(await byWay('rows', near, Number(options['row-by-row'])));
      times.oursFar.push((await ours(far, `far_${round}`)).seconds);
      times.rowsFar.push(await byWay('rows', far, Number(options['row-by-row-far'])));
    }
  } finally {
    await sql.end({ timeout: 5 });
    await far.close();
    await hold.release();
    rmSync(folder, { recursive: true, force: true });
  }
  const report = reportOf({ times, peaks, rows, rounds: options.rounds, connections, options });
  process.stdout.write(`${report}\n`);
  if (options.write) writeResults('npm run bench -- load --write', report);
}

function reportOf(given: {
  readonly times: Times;
  readonly peaks: readonly number[];
  readonly rows: number;
  readonly rounds: string;
  readonly connections: number;
  readonly options: { readonly durability: string; readonly 'row-by-row': string; readonly 'row-by-row-far': string };
}): string {
  const { connections, options, peaks, rounds, rows, times } = given;
  const peak = `Peak memory of (b)'s process: ${Math.round(median(peaks))} MB.`;
  if (times.copy.length === 0) {
    return `(b) ${rows.toLocaleString('en')} rows × 10 columns: ${median(times.ours).toFixed(1)} s. ${peak}\n`;
  }
  const line = (way: string, name: keyof Times, to: keyof Times): string => {
    const ratio = median(times[name].map((seconds, round) => seconds / (times[to][round] ?? seconds)));
    return `| ${way} | ${median(times[name]).toFixed(1)} | ${ratio.toFixed(2)} |`;
  };
  return [
    `${rows.toLocaleString('en')} rows × 10 columns, ${rounds} rounds, durability ${options.durability}, ${machineText()}. Medians; ratios round by round.`,
    '',
    '| way | seconds | time ÷ (b) |',
    '|---|---|---|',
    line('(a) COPY FROM STDIN of the finished rows, 1 connection', 'copy', 'ours'),
    line(`(b) the whole pipeline: CSV, filter, enrich, ledger; ${connections} connections`, 'ours', 'ours'),
    line("(c) the driver's multi-row VALUES with bound parameters, 2,000 rows, 8 connections", 'values', 'ours'),
    line(`(d) one INSERT a row, committed every 1,000 (${options['row-by-row']} rows, scaled)`, 'rows', 'ours'),
    line(`(b) with ${roundTripMs} ms added to every round trip`, 'oursFar', 'oursFar'),
    line(
      `(d) with ${roundTripMs} ms added to every round trip (${options['row-by-row-far']} rows, scaled)`,
      'rowsFar',
      'oursFar',
    ),
    '',
    `(b) ÷ (a), round by round: ${median(times.ours.map((seconds, round) => seconds / (times.copy[round] ?? seconds))).toFixed(2)}. ${peak}`,
    '',
  ].join('\n');
}
