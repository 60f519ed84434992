import { systemClock } from '../../lib/clock.ts';
import { dataSourceSchema } from '../../lib/config/data-source.ts';
import { pipelineSchema } from '../../lib/config/pipeline.ts';
import { extract } from '../../lib/extract/extract.ts';
import { folderStore } from '../../lib/store/folder-store.ts';

const msBetweenLooks = 250;

/** Extracts one source in a process of its own, and prints its peak memory and time as one line of JSON. */
const [folder = '.', source = '{}', dataSource = '{}'] = process.argv.slice(2);
const before = process.resourceUsage().maxRSS;
const started = performance.now();
let rows = 0;
let live = 0;
// With --expose-gc: what is held, without what only lies there.
const look = (): void => {
  if (globalThis.gc === undefined) return;
  globalThis.gc();
  const { external, heapUsed } = process.memoryUsage();
  live = Math.max(live, heapUsed + external);
};
const looks = setInterval(look, msBetweenLooks);

const manifest = await extract({
  pipeline: {
    name: 'bench',
    settings: pipelineSchema.parse({ target_table: 't', ...(JSON.parse(source) as object) }),
    dataSource: dataSourceSchema.parse(JSON.parse(dataSource)),
  },
  baseDir: folder,
  store: folderStore(`${folder}/store`),
  prefix: 'runs/bench',
  resolveSecret: async () => '',
  clock: systemClock,
  random: Math.random,
  onProgress: (progress) => {
    rows = progress.rows;
  },
});
clearInterval(looks);
const peakMiB = process.resourceUsage().maxRSS / 1024;
const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
const result = {
  startMiB: before / 1024,
  peakMiB,
  seconds: (performance.now() - started) / 1_000,
  bytes,
  rows,
  liveMiB: live / 1024 / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
