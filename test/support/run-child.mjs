// One run of a pipeline in a process of its own, against any endpoint. Usage: node run-child.mjs JSON-OF-CHILD-JOB
// Prints the result as JSON.
import path from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { systemClock } from '../../dist/lib/clock.js';
import { parseConfig } from '../../dist/lib/config/read-config.js';
import { connect } from '../../dist/lib/dsql/connect.js';
import { runPipeline } from '../../dist/lib/run/run-pipeline.js';
import { folderStore } from '../../dist/lib/store/folder-store.js';

const job = JSON.parse(process.argv[2]);
const config = parseConfig(job.config, 'test');
const name = Object.keys(config.pipelines)[0];
const sql = connect(job.endpoint, { maxConnections: job.connections + 2, credentials: job.credentials });
const context = {
  pipeline: { name, settings: config.pipelines[name], dataSource: config.data_source },
  baseDir: job.folder,
  target: {
    sql,
    where: { endpoint: 'local DSQL', user: job.endpoint.user },
    retry: { clock: systemClock, random: Math.random },
    pid: process.pid,
  },
  store: folderStore(path.join(job.folder, 'state')),
  scratchDir: path.join(job.folder, `scratch-${process.pid}`),
  connections: job.connections,
  chunkRows: job.chunkRows,
  resolveSecret: async () => '',
  inPieces: job.inPieces
    ? (await import('../../dist/lib/scatter/transform-in-pieces.js')).transformInPieces
    : undefined,
  ...(job.s3 === undefined ? {} : { s3: new S3(job.s3) }),
};
const result = await runPipeline(context, { trigger: 'cli', again: false, force: true });
process.stdout.write(JSON.stringify(result));
await sql.end({ timeout: 1 });
