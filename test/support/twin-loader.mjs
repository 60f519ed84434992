// Loads the chunks of an interrupted run twice at once, past the lease: what two workers given the same chunk would do.
// Usage: node twin-loader.mjs CONFIG PIPELINE RUN_ID
import path from 'node:path';
import { openTarget } from '../../dist/lib/cli/target.js';
import { loadConfig } from '../../dist/lib/config/read-config.js';
import { readManifest } from '../../dist/lib/extract/raw-objects.js';
import { loadStage, prepareStage } from '../../dist/lib/run/stages.js';
import { planStage } from '../../dist/lib/run/transform-stage.js';
import { folderStore } from '../../dist/lib/store/folder-store.js';

const [file, name, runId] = process.argv.slice(2);
const loaded = loadConfig(file);
const stateDir = path.join(loaded.folder, '.etl');
const target = await openTarget('local', loaded.config.aurora_dsql, stateDir);
const store = folderStore(stateDir);
// What it did, for the test: a script that cannot even begin must not pass for two loads.
const decided = await store.get(`runs/${runId}/decided/rows.json`);
if (decided === undefined) console.log('nothing decided');
else {
  const raw = await readManifest(store, `runs/${runId}`);
  const context = {
    target,
    pipeline: { name, settings: loaded.config.pipelines[name], dataSource: loaded.config.data_source },
    baseDir: loaded.folder,
    store,
    scratchDir: path.join(stateDir, 'scratch', `twin-${process.pid}`),
    connections: 2,
  };
  const [{ epoch }] = await target.sql`SELECT epoch FROM etl_state WHERE pipeline_name = ${name}`;
  const run = {
    run_id: runId,
    trigger: 'cli',
    start_time: new Date().toISOString(),
    resumed: true,
    repeated: false,
    epoch,
  };
  const clean = await planStage(context, run, raw);
  const prepared = await prepareStage(context, run, clean);
  const outcomes = await Promise.allSettled([
    loadStage(context, run, clean, prepared),
    loadStage(context, run, clean, prepared),
  ]);
  console.log('loaded twice');
  for (const outcome of outcomes) if (outcome.status === 'rejected') console.error(outcome.reason.message);
}
await target.close();
