// Takes a run back, or resets its pipeline, in a process of its own, against any endpoint. Usage: node undo-child.mjs JSON-OF-JOB
import path from 'node:path';
import { systemClock } from '../../dist/lib/clock.js';
import { connect } from '../../dist/lib/dsql/connect.js';
import { resetPipeline } from '../../dist/lib/run/reset.js';
import { undoRun } from '../../dist/lib/run/undo.js';
import { findRuns } from '../../dist/lib/state/run-history.js';
import { folderStore } from '../../dist/lib/store/folder-store.js';

const job = JSON.parse(process.argv[2]);
const sql = connect(job.endpoint, { maxConnections: 3, credentials: job.credentials });
const context = {
  target: {
    sql,
    where: { endpoint: 'local DSQL', user: job.endpoint.user },
    retry: { clock: systemClock, random: Math.random },
    pid: process.pid,
  },
  store: folderStore(path.join(job.folder, 'state')),
  connections: 1,
};
const [run] = await findRuns(sql, job.run);
const demand = { pipelineName: run.pipeline_name, targetTable: run.target_table, keepRows: false };
const result = job.kind === 'undo' ? await undoRun(context, run, 'cli') : await resetPipeline(context, demand, 'cli');
process.stdout.write(JSON.stringify(result));
await sql.end({ timeout: 1 });
