/**
 * One step of a transform in pieces, or what it is compared with, in a process of its own, so that its memory can be told.
 * Argument: JSON of `ScatterCall`; prints JSON of what the step gives.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { dataSourceSchema } from '../../lib/config/data-source.ts';
import { pipelineSchema } from '../../lib/config/pipeline.ts';
import { extract } from '../../lib/extract/extract.ts';
import { type RawManifest, rawManifestSchema } from '../../lib/manifest.ts';
import { scatterJob } from '../../lib/scatter/job.ts';
import type { ScatterSizes } from '../../lib/scatter/pieces.ts';
import { type ScatterSteps, scatterSteps } from '../../lib/scatter/steps.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import type { TransformRequest } from '../../lib/transform/request.ts';
import { transformToChunks } from '../../lib/transform/transform.ts';

export interface ScatterCall {
  readonly folder: string;
  /** The source: a CSV as `writePieceData` makes it. */
  readonly csv: string;
  readonly sizes: ScatterSizes;
  /** What DuckDB may keep in memory. */
  readonly memoryLimitMb: number;
  /** A step of `ScatterSteps`, or `extract` before them, or `whole`: the transform in one go. */
  readonly step: keyof ScatterSteps | 'extract' | 'whole';
  /** Of a slice or bucket. */
  readonly number?: number | undefined;
  readonly start?: number | undefined;
}

const call = JSON.parse(process.argv[2] ?? '') as ScatterCall;
const { csv, folder, memoryLimitMb, number = 0, sizes, start } = call;
const settings = pipelineSchema.parse({
  source_type: 'file',
  file_path: csv,
  target_table: 'bench',
  load_mode: 'upsert',
  key_columns: ['id'],
  deduplicate: true,
  columns: { quantity: 'bigint' },
  business_rules: [
    { type: 'filter', condition: "status != 'void'" },
    { type: 'enrich', new_column: 'label', logic: "name + ' (' + region + ')'" },
  ],
});
const store = folderStore(path.join(folder, 'store'));
const rawFile = path.join(folder, 'raw.json');
const given = await result();
process.stdout.write(`${JSON.stringify(given ?? null)}\n`);

async function result(): Promise<unknown> {
  if (call.step === 'extract') return await extractRaw();
  if (call.step === 'whole') return await transformWhole();
  const steps = scatterSteps(await scatterJob(request('runs/pieces'), sizes));
  const work: Readonly<Record<keyof ScatterSteps, () => Promise<unknown>>> = {
    split: steps.split,
    survey: async () => await steps.survey({ slice: number, start }),
    plan: steps.plan,
    clean: async () => await steps.clean(number),
    gather: async () => await steps.gather(number),
    join: steps.join,
  };
  return await work[call.step]();
}

async function extractRaw(): Promise<RawManifest> {
  const raw = await extract({
    pipeline: { name: 'bench', settings, dataSource: dataSourceSchema.parse({}) },
    baseDir: folder,
    store,
    prefix: 'runs/raw',
    resolveSecret: async () => '',
    clock: systemClock,
    random: Math.random,
  });
  writeFileSync(rawFile, JSON.stringify(raw));
  return raw;
}

async function transformWhole(): Promise<unknown> {
  const written = await transformToChunks(request('runs/whole'), () => new AbortController().signal);
  if (written.status !== 'complete') throw new Error('The transform was paused');
  return written.manifest;
}

function request(prefix: string): TransformRequest {
  return {
    raw: rawManifestSchema.parse(JSON.parse(readFileSync(rawFile, 'utf8'))),
    settings: { ...settings, name: 'bench' },
    store,
    prefix,
    scratchDir: folder,
    targetColumns: undefined,
    memoryLimitMb,
  };
}
