import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../lib/clock.ts';
import { dataSourceSchema } from '../../../lib/config/data-source.ts';
import { type PipelineSettings, pipelineSchema } from '../../../lib/config/pipeline.ts';
import { extract } from '../../../lib/extract/extract.ts';
import { type RawManifest, type RejectedRow, rejectedRowSchema } from '../../../lib/manifest.ts';
import type { ObjectStore } from '../../../lib/object-store.ts';
import { folderStore } from '../../../lib/store/folder-store.ts';
import type { LookupInput, TargetColumn } from '../../../lib/transform/request.ts';
import type { Outcome } from '../../transform/support/stage.ts';
import { isOutcome, sameInPieces } from './compare.ts';

/** A pipeline over files, and how its source is cut. */
export interface FilePipeline {
  /** Contents by path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** As a configuration has them; the source is the files, in the order of their paths. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly targetColumns?: readonly TargetColumn[] | undefined;
  readonly maskKeys?: ReadonlyMap<number, string>;
  /** Rows of what the rule of this number looks up. */
  readonly lookups?: Readonly<Record<number, readonly object[]>>;
  readonly partBytes?: number;
  readonly bucketBytes?: number;
}

/** Reads files as a run does, cleans them in one go and in pieces, and compares. @throws what both ways throw */
export async function expectSamePipeline(given: FilePipeline): Promise<Outcome> {
  const result = await samePipeline(given);
  if (isOutcome(result)) return result;
  throw result;
}

/** The same. @returns what both ways throw, where they do */
export async function samePipeline(given: FilePipeline): Promise<Error | Outcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pipeline-in-pieces-'));
  try {
    await writeFiles(path.join(folder, 'source'), given.files);
    const settings = pipelineSchema.parse({
      source_type: 'file',
      file_path: Object.keys(given.files)
        .toSorted()
        .map((name) => `source/${name}`),
      target_table: 't',
      ...given.settings,
    });
    const { raw, rejected } = await extracted(folder, settings);
    const lookups = await lookupInputs(folder, given.lookups ?? {});
    return await sameInPieces([], {
      ...(given.partBytes === undefined ? {} : { partBytes: given.partBytes }),
      ...(given.bucketBytes === undefined ? {} : { bucketBytes: given.bucketBytes }),
      settings: { ...settings, name: 'p' },
      rejected,
      more: { raw, targetColumns: given.targetColumns, maskKeys: given.maskKeys, readLookups: async () => lookups },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFiles(folder: string, files: FilePipeline['files']): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
}

/** What extract leaves of the files, with all parts on the local disk. */
async function extracted(
  folder: string,
  settings: PipelineSettings,
): Promise<{ readonly raw: RawManifest; readonly rejected: readonly RejectedRow[] }> {
  const store = folderStore(path.join(folder, 'store'));
  const raw = await extract({
    pipeline: { name: 'p', settings, dataSource: dataSourceSchema.parse({}) },
    baseDir: folder,
    store,
    prefix: 'runs/r1',
    resolveSecret: () => Promise.reject(new Error('There are no secrets here.')),
    clock: systemClock,
    random: () => 0,
  });
  const parts: RawManifest['parts'] = [];
  for (const part of raw.parts) {
    parts.push(part.local ? part : { ...part, local: true, location: await store.localPath(part.location) });
  }
  const rejected = await rejectedRows(store, raw);
  const files = rejected.length === 0 ? [] : [{ location: 'runs/r1/raw/rejected-00000.ndjson', rows: rejected.length }];
  return { raw: { ...raw, parts, rejected: files }, rejected };
}

async function rejectedRows(store: ObjectStore, raw: RawManifest): Promise<readonly RejectedRow[]> {
  const rows: RejectedRow[] = [];
  for (const { location } of raw.rejected) {
    const text = await readFile(await store.localPath(location), 'utf8');
    for (const line of text.split('\n')) if (line !== '') rows.push(rejectedRowSchema.parse(JSON.parse(line)));
  }
  return rows;
}

async function lookupInputs(
  folder: string,
  lookups: NonNullable<FilePipeline['lookups']>,
): Promise<readonly LookupInput[]> {
  const inputs: LookupInput[] = [];
  for (const [number, rows] of Object.entries(lookups)) {
    const content = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const location = path.join(folder, `lookup-${number}.ndjson`);
    await writeFile(location, content);
    const part = { location, local: true, source: 'lookup', format: 'ndjson' as const, bytes: content.length };
    const raw = {
      complete: true,
      parts: [part],
      rejected: [],
      extracted_at: '2025-01-01T00:00:00.000Z',
      source_fingerprint: '',
      bytes_read: part.bytes,
    };
    inputs.push({ number: Number(number), raw, parts: [{ ...part, path: location }], types: {} });
  }
  return inputs;
}
