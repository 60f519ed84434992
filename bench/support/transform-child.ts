/**
 * One part through the whole transform, from CSV to chunks, in a process of its own. Argument: JSON of folder and file of
 * the part; prints JSON of `TransformFigures`.
 */
import path from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { dataSourceSchema } from '../../lib/config/data-source.ts';
import { pipelineSchema } from '../../lib/config/pipeline.ts';
import { extract } from '../../lib/extract/extract.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { transformToChunks } from '../../lib/transform/transform.ts';

export interface TransformFigures {
  readonly bytes: number;
  readonly rows: number;
  /** User and system time. */
  readonly cpu_seconds: number;
}

const { file, folder } = JSON.parse(process.argv[2] ?? '') as { readonly file: string; readonly folder: string };
const settings = pipelineSchema.parse({
  source_type: 'file',
  file_path: file,
  target_table: 'bench',
  business_rules: [
    { type: 'filter', condition: "status != 'void'" },
    { type: 'enrich', new_column: 'label', logic: "name + ' (' + region + ')'" },
  ],
});
const store = folderStore(path.join(folder, 'store'));
const prefix = 'runs/bench';
const raw = await extract({
  pipeline: { name: 'bench', settings, dataSource: dataSourceSchema.parse({}) },
  baseDir: folder,
  store,
  prefix,
  resolveSecret: async () => '',
  clock: systemClock,
  random: Math.random,
});
const before = process.cpuUsage();
const written = await transformToChunks(
  {
    raw,
    settings: { ...settings, name: 'bench' },
    store,
    prefix,
    scratchDir: folder,
    targetColumns: undefined,
    chunkRows: 80_000,
    memoryLimitMb: 2_400,
  },
  () => new AbortController().signal,
);
if (written.status !== 'complete') throw new Error('The transform was paused');
const { system, user } = process.cpuUsage(before);
const figures: TransformFigures = {
  bytes: raw.bytes_read,
  rows: written.manifest.counts.rows_read,
  cpu_seconds: (user + system) / 1e6,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
