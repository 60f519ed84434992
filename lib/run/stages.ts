import type { PipelineSettings } from '../config/pipeline.ts';
import { parseTableName } from '../dsql/identifier.ts';
import { extract } from '../extract/extract.ts';
import { defineTable } from '../load/define-table.ts';
import { load } from '../load/load.ts';
import { describeTable } from '../load/target-table.ts';
import { type CleanManifest, cleanManifestSchema, type RawManifest } from '../manifest.ts';
import { transform } from '../transform/transform.ts';
import { CountsMismatchError, LeaseLostError } from './errors.ts';
import type { Lease } from './lease.ts';
import type { RunCounts, RunResult } from './result.ts';
import { logEnd, logFingerprint } from './run-log.ts';
import type { RunUnderWay } from './run-under-way.ts';

/** The stages in their order; each leaves its work in the store or the target before the next begins. */
export async function runStages(run: RunUnderWay, lease: Lease): Promise<RunResult> {
  const { pipeline, sql } = run.request;
  run.enter('extract');
  const raw = await extractAll(run);
  run.counts = { ...run.counts, bytes_read: raw.bytes_read };
  run.fingerprint = raw.source_fingerprint;
  await run.retried('Writing the execution log', () => logFingerprint(sql, run.runId, raw.source_fingerprint));

  run.enter('transform');
  const clean = await transformOnce(run, raw);
  run.counts = { ...run.counts, ...withoutClean(clean.counts) };

  run.enter('load');
  const loaded = await loadAll(run, clean, pipeline.settings);
  run.counts = addLoaded(run.counts, loaded);

  run.enter('record');
  checkCounts(run.counts);
  if (lease.lost()) throw new LeaseLostError(pipeline.name, 'another process');
  const result = run.result('success', { stage: null, error_code: null, error_message: null });
  await run.retried('Writing the execution log', () => logEnd(sql, result, run.request.trigger, run.fingerprint));
  await run.request.store.removeAll(run.prefix);
  return result;
}

async function extractAll(run: RunUnderWay): Promise<RawManifest> {
  for (;;) {
    const raw = await extract({
      ...run.request,
      prefix: run.prefix,
      onProgress: ({ rows }) => run.request.onProgress?.({ stage: 'extract', rows }),
    });
    if (raw.complete) return raw;
  }
}

/** Transforms, or takes what the interrupted attempt of this run had finished. */
async function transformOnce(run: RunUnderWay, raw: RawManifest): Promise<CleanManifest> {
  const { pipeline, scratchDir, sql, store } = run.request;
  const key = `${run.prefix}/clean/manifest.json`;
  const done = await store.get(key);
  if (done !== undefined) return cleanManifestSchema.parse(JSON.parse(new TextDecoder().decode(done)));
  const table = await run.retried('Reading the catalog', () =>
    describeTable(sql, parseTableName(pipeline.settings.target_table)),
  );
  const clean = await transform({
    raw,
    settings: { ...pipeline.settings, name: pipeline.name },
    store,
    prefix: run.prefix,
    scratchDir,
    ...(table === undefined ? {} : { targetColumns: table.columns }),
    ...(run.request.signal === undefined ? {} : { signal: run.request.signal }),
    onProgress: ({ rows }) => run.request.onProgress?.({ stage: 'transform', rows }),
  });
  await store.put(key, JSON.stringify(clean));
  return clean;
}

async function loadAll(
  run: RunUnderWay,
  manifest: CleanManifest,
  settings: PipelineSettings,
): Promise<Awaited<ReturnType<typeof load>>> {
  const { connections, pipeline, scratchDir, sql, store, where } = run.request;
  const keyColumns = settings.key_columns.map((key) => columnNameOf(key, manifest));
  const table = await defineTable(
    sql,
    {
      name: parseTableName(settings.target_table),
      columns: manifest.columns,
      keyColumns,
      loadMode: settings.load_mode,
    },
    where,
    run.retry,
  );
  return await load({
    sql,
    runId: run.runId,
    pipelineName: pipeline.name,
    manifest,
    store,
    scratchDir,
    table,
    loadMode: settings.load_mode,
    keyColumns,
    batchRows: settings.batch_rows,
    connections,
    again: run.repeated,
    retry: run.retry,
    onProgress: (rows, of) => run.request.onProgress?.({ stage: 'load', rows, of }),
  });
}

/** A configured name is the target's, or the source's that became the target's. */
function columnNameOf(name: string, manifest: CleanManifest): string {
  const column =
    manifest.columns.find((candidate) => candidate.name === name) ??
    manifest.columns.find((candidate) => candidate.source_name === name);
  return column?.name ?? name;
}

function withoutClean(counts: CleanManifest['counts']): Partial<RunCounts> {
  const { rows_clean: _, ...rest } = counts;
  return rest;
}

function addLoaded(counts: RunCounts, loaded: Awaited<ReturnType<typeof load>>): RunCounts {
  return {
    ...counts,
    rows_inserted: loaded.rows_inserted,
    rows_updated: loaded.rows_updated,
    rows_unchanged: loaded.rows_unchanged,
    rows_loaded: loaded.rows_inserted + loaded.rows_updated + loaded.rows_unchanged,
    rows_rejected: counts.rows_rejected + loaded.rows_rejected,
  };
}

/** @throws {CountsMismatchError} when a row would be lost or doubled without anyone noticing */
function checkCounts(counts: RunCounts): void {
  const accounted = counts.rows_filtered + counts.rows_deduplicated + counts.rows_rejected + counts.rows_loaded;
  if (accounted !== counts.rows_read) throw new CountsMismatchError(counts);
}
