// Runs rejected rows of a run again, as etl replay does, in a process of its own, against any endpoint.
// Usage: node replay-child.mjs JSON-OF-JOB. Prints the result as JSON.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openRepaired } from '../../dist/lib/cli/rejects/repaired-file.js';
import { systemClock } from '../../dist/lib/clock.js';
import { parseConfig } from '../../dist/lib/config/read-config.js';
import { connect } from '../../dist/lib/dsql/connect.js';
import { requireRun } from '../../dist/lib/report/find-run.js';
import { replayRun } from '../../dist/lib/run/replay.js';
import { ensureServiceTables } from '../../dist/lib/state/service-tables.js';
import { folderStore } from '../../dist/lib/store/folder-store.js';

const job = JSON.parse(process.argv[2]);
const config = parseConfig(job.config, 'test');
const [[name, settings]] = Object.entries(config.pipelines);
const sql = connect(job.endpoint, { maxConnections: job.connections + 2, credentials: job.credentials });
const scratchDir = path.join(job.folder, `scratch-${process.pid}`);
mkdirSync(scratchDir, { recursive: true });
const context = {
  pipeline: { name, settings, dataSource: config.data_source },
  baseDir: job.folder,
  target: {
    sql,
    where: { endpoint: 'local DSQL', user: job.endpoint.user },
    retry: { clock: systemClock, random: Math.random },
    pid: process.pid,
  },
  store: folderStore(path.join(job.folder, 'state')),
  scratchDir,
  connections: job.connections,
  resolveSecret: async () => '',
};
await ensureServiceTables(context.target);
const run = await requireRun(sql, job.run);
const repaired = job.file === undefined ? undefined : await openRepaired(job.file, scratchDir);
const { result } = await replayRun(context, { run, repaired, trigger: 'cli' });
process.stdout.write(JSON.stringify(result ?? null));
await sql.end({ timeout: 1 });
