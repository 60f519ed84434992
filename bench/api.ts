/** How fast pages of an API get in: the whole pipeline beside a client that reads the same pages and keeps nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { holdLocalDsql } from '../lib/local/client.ts';
import { localFolder } from '../lib/local/postgres/folder.ts';
import type { ApiServerJob } from './support/api-server.ts';
import { bundleChild } from './support/bundle-child.ts';
import { median } from './support/load-data.ts';
import type { PipelineFigures, PipelineJob } from './support/load-pipeline.ts';
import { machineText } from './support/machine.ts';
import { type Measured, measured } from './support/measured-process.ts';
import { writeResults } from './support/results.ts';

const serverScript = fileURLToPath(new URL('./support/api-server.js', import.meta.url));
const floorScript = fileURLToPath(new URL('./support/api-floor.js', import.meta.url));

/** A measured way with what it took, round by round. */
interface Way {
  readonly name: string;
  readonly once: (round: number) => Promise<Measured>;
  readonly took: Measured[];
}

/** Alternates the ways, `--rounds` times, and prints the medians. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pages: { type: 'string', default: '1000' },
      'page-rows': { type: 'string', default: '200' },
      rounds: { type: 'string', default: '3' },
      write: { type: 'boolean', default: false },
    },
  });
  const size: ApiServerJob = { pages: Number(values.pages), pageRows: Number(values['page-rows']), rowBytes: 1_000 };
  const rows = size.pages * size.pageRows;
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  const hold = await holdLocalDsql({ stateDir: path.join(folder, '.etl') });
  const server = spawn(process.execPath, [serverScript, JSON.stringify(size)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    const origin = `http://127.0.0.1:${port.toString().trim()}`;
    const pipeline = bundleChild('load-pipeline');
    const job = (table: string): PipelineJob => ({
      folder,
      source: `source_type: api\n    endpoint: rows\n    records_path: $.data\n    pagination: { type: page_number, total_pages_path: $.total_pages }`,
      baseUrl: origin,
      table,
      connections: 8,
      settings: 'load_mode: insert',
      host: path.join(localFolder(path.join(folder, '.etl')).sockets, 'pg'),
      port: 5432,
    });
    const node = (...rest: string[]): Promise<Measured> => measured({ file: process.execPath, args: rest });
    const ways: readonly Way[] = [
      {
        name: 'the pages read and thrown away',
        once: () => node(floorScript, `${origin}/rows`, values.pages),
        took: [],
      },
      { name: 'the whole pipeline', once: (round) => node(pipeline, JSON.stringify(job(`api_${round}`))), took: [] },
    ];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const way of ways) way.took.push(await way.once(round));
    }
    requireRows(ways.at(-1)?.took ?? [], rows);
    const report = reportOf(ways, rows, size, values.rounds);
    process.stdout.write(`${report}\n`);
    if (values.write) writeResults('npm run bench -- api --write', report);
  } finally {
    server.kill();
    await hold.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

function requireRows(took: readonly Measured[], rows: number): void {
  for (const { stdout } of took) {
    const figures = JSON.parse(stdout) as PipelineFigures;
    if (figures.rows !== rows) throw new Error(`${figures.rows} of ${rows} rows were loaded: ${figures.error}`);
  }
}

function reportOf(ways: readonly Way[], rows: number, size: ApiServerJob, rounds: string): string {
  const [floor] = ways;
  const lines = ways.map(({ name, took }) => {
    const seconds = median(took.map((one) => one.seconds));
    const ratio = median(took.map((one, round) => one.seconds / (floor?.took[round]?.seconds ?? one.seconds)));
    const cpu = took.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
    const peak = took.flatMap(({ peakMb }) => peakMb ?? []);
    const perRow = cpu.length === 0 ? '' : ((median(cpu) / rows) * 1e6).toFixed(1);
    return `| ${name} | ${seconds.toFixed(1)} | ${ratio.toFixed(2)} | ${perRow} | ${peak.length === 0 ? '' : Math.round(median(peak))} |`;
  });
  return [
    `${rows.toLocaleString('en')} rows of ${size.rowBytes.toLocaleString('en')} bytes over ${size.pages.toLocaleString('en')} pages of a server on loopback, ${rounds} rounds, ${machineText()}. Whole processes, alternating; medians; ratios round by round.`,
    '',
    '| way | seconds | ÷ the pages alone | CPU µs a row | peak MB |',
    '|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
