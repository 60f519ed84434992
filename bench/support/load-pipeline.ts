/**
 * One run of the whole pipeline in a process of its own, so that its memory can be told from the benchmark's: CSV or API
 * to committed rows with ledger. Arguments: JSON of `PipelineJob`; prints JSON of `PipelineFigures`.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { type AwsCredentials, connect, connectWith, type Sql } from '../../lib/dsql/connect.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { folderStore } from '../../lib/store/folder-store.ts';

export interface PipelineJob {
  readonly folder: string;
  /** The source: a file. */
  readonly csv?: string | undefined;
  /** The source, where it is no file: lines of the pipeline's configuration, and the origin of its URLs. */
  readonly source?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly table: string;
  readonly connections: number;
  /** Lines of the pipeline's configuration in place of a filter and an enrichment. */
  readonly settings?: string | undefined;
  /** A folder of PostgreSQL's socket, or host and port. */
  readonly host: string;
  readonly port: number;
  /** The local DSQL at that port, as `etl` would reach it: TLS and a token for each connection. */
  readonly dsql?: {
    readonly hostname: string;
    readonly region: string;
    readonly user: string;
    readonly ca: string;
    readonly credentials: AwsCredentials;
  };
}

export interface PipelineFigures {
  readonly seconds: number;
  readonly peakMb: number;
  readonly rows: number;
  readonly status: string;
  readonly error: string | null;
}

const job = JSON.parse(process.argv[2] ?? '') as PipelineJob;
const ruled = `business_rules:
      - { type: filter, condition: "status != 'void'" }
      - { type: enrich, new_column: label, logic: "name + ' (' + region + ')'" }`;
const config = parseConfig(
  `${
    job.baseUrl === undefined
      ? ''
      : `data_source: { base_url: "${job.baseUrl}" }
`
  }pipelines:
  bench:
    ${
      job.source ??
      `source_type: file
    file_path: ${job.csv}`
    }
    target_table: ${job.table}
    ${job.settings ?? ruled}
`,
  'bench',
);
const settings = config.pipelines.bench;
if (settings === undefined) throw new Error('no pipeline');
const sql = job.dsql === undefined ? toPostgres(job) : toDsql(job, job.dsql);
const stateDir = path.join(job.folder, `state-${process.pid}`);
const began = performance.now();
const result = await runPipeline(
  {
    pipeline: { name: job.table, settings, dataSource: config.data_source },
    baseDir: job.folder,
    target: {
      sql,
      where: { endpoint: 'PostgreSQL', user: 'postgres' },
      retry: { clock: systemClock, random: Math.random },
      pid: process.pid,
    },
    store: folderStore(stateDir),
    scratchDir: path.join(stateDir, 'scratch'),
    connections: job.connections,
    resolveSecret: async () => '',
  },
  { trigger: 'cli', again: false },
);
const seconds = (performance.now() - began) / 1000;
await sql.end({ timeout: 5 });
rmSync(stateDir, { recursive: true, force: true });
const figures: PipelineFigures = {
  seconds,
  peakMb: process.resourceUsage().maxRSS / 1024,
  rows: result.rows_loaded,
  status: result.status,
  error: result.error_message,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);

function toPostgres({ connections, host, port }: PipelineJob): Sql {
  return connectWith(connections, async () => ({
    host,
    port,
    user: 'postgres',
    database: 'postgres',
    password: '',
    ssl: false,
    statementMs: 310_000,
  }));
}

function toDsql({ connections, port }: PipelineJob, dsql: NonNullable<PipelineJob['dsql']>): Sql {
  const { ca, credentials, hostname, region, user } = dsql;
  return connect(
    { hostname, port, region, user, ca, database: 'postgres' },
    { maxConnections: connections, credentials },
  );
}
