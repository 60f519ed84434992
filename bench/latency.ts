/** What distance costs: the whole pipeline into the local DSQL, with and without the latency of a cluster in the Region. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { holdLocalDsql, setLocalFaults } from '../lib/local/client.ts';
import { type Delay, openDelay } from './support/delay.ts';
import { inProcess } from './support/in-process.ts';
import { median, writeLoadData } from './support/load-data.ts';
import type { PipelineFigures, PipelineJob } from './support/load-pipeline.ts';
import { machineText } from './support/machine.ts';
import { writeResults } from './support/results.ts';

/** In the Region, writes to DSQL take 28 to 41 ms at the 95th percentile; a round trip without a COMMIT about 2. */
const roundTripMs = 2;
const commitMs = 30;

/** Alternates both ways and prints the medians, the median of the rounds' ratios, and how fast connections were opened. */
export async function run(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '10' },
      write: { type: 'boolean', default: false },
    },
  });
  const rows = Number(options.rows);
  const stateDir = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  const { csv } = await writeLoadData(stateDir, rows);
  const hold = await holdLocalDsql({ stateDir });
  const { ca, hostname, port, region, user } = hold.endpoint;
  const near = await openDelay({ host: '127.0.0.1', port }, 0);
  const far = await openDelay({ host: '127.0.0.1', port }, roundTripMs);
  const seconds: Record<'near' | 'far', number[]> = { near: [], far: [] };
  const measure = async (way: 'near' | 'far', delay: Delay, round: number): Promise<void> => {
    await setLocalFaults(stateDir, way === 'far' ? { commitLatencyMs: commitMs } : {});
    const job: PipelineJob = {
      folder: stateDir,
      csv,
      table: `${way}_${round}`,
      connections: Number(options.connections),
      host: delay.host,
      port: delay.port,
      dsql: { hostname, region, user, ca, credentials: hold.credentials },
    };
    const figures = await inProcess<PipelineFigures>('load-pipeline', job);
    if (figures.status !== 'success') throw new Error(`The pipeline failed: ${figures.error}`);
    seconds[way].push(figures.seconds);
  };
  try {
    for (let round = 0; round < Number(options.rounds); round += 1) {
      await measure('near', near, round);
      await measure('far', far, round);
    }
  } finally {
    await near.close();
    await far.close();
    await hold.release();
    rmSync(stateDir, { recursive: true, force: true });
  }
  const speed = median(seconds.near.map((value, round) => value / (seconds.far[round] ?? value)));
  const report = [
    `${rows.toLocaleString('en')} rows × 10 columns, ${options.rounds} rounds, ${options.connections} connections, local DSQL, ${machineText()}. Medians.`,
    '',
    '| | |',
    '|---|---|',
    `| without latency | ${median(seconds.near).toFixed(1)} s |`,
    `| ${roundTripMs} ms more a round trip, ${commitMs} ms more a COMMIT | ${median(seconds.far).toFixed(1)} s |`,
    `| speed with ÷ speed without, round by round | ${speed.toFixed(2)} |`,
    `| most connections opened within a second | ${Math.max(near.mostPerSecond(), far.mostPerSecond())} |`,
    '',
  ].join('\n');
  process.stdout.write(`${report}\n`);
  if (options.write) writeResults('npm run bench -- latency --write', report);
}
