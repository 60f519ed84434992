import { mkdir } from 'node:fs/promises';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/retry.ts';
import { extract } from '../extract/extract.ts';
import { defineTable, type TableDemand } from '../load/define-table.ts';
import { keepRejectedRows, type LoadResult, load } from '../load/load.ts';
import { describeTable, type TargetTable } from '../load/target-table.ts';
import { type CleanManifest, cleanManifestSchema, type RawManifest } from '../manifest.ts';
import { transform } from '../transform/transform.ts';
import { prefixOf, type Run, type RunContext, retryOf } from './request.ts';
import { logFingerprint } from './run-log.ts';

/*
 * The stages of a run, one function each. They leave their work in the store or the target and give references, so each
 * may run in a process of its own; each may be repeated.
 */

/** Reads the source until it is exhausted or the deadline comes; `complete` tells which. */
export async function extractStage(context: RunContext, run: Run, deadline?: Date): Promise<RawManifest> {
  const raw = await extract({
    ...context,
    prefix: prefixOf(run),
    ...(deadline === undefined ? {} : { deadline }),
    onProgress: ({ rows }) => context.onProgress?.({ stage: 'extract', rows }),
  });
  if (raw.complete) {
    await runStatement('Writing the execution log', context.where, retryOf(context), () =>
      logFingerprint(context.sql, run.run_id, raw.source_fingerprint),
    );
  }
  return raw;
}

/** Cleans what extract left, or takes what an interrupted attempt of this run had finished. */
export async function transformStage(context: RunContext, run: Run, raw: RawManifest): Promise<CleanManifest> {
  const { pipeline, scratchDir, sql, store } = context;
  const key = `${prefixOf(run)}/clean/manifest.json`;
  const done = await store.get(key);
  if (done !== undefined) return cleanManifestSchema.parse(JSON.parse(new TextDecoder().decode(done)));
  const table = await runStatement('Reading the catalog', context.where, retryOf(context), () =>
    describeTable(sql, parseTableName(pipeline.settings.target_table)),
  );
  await mkdir(scratchDir, { recursive: true });
  const clean = await transform({
    raw,
    settings: { ...pipeline.settings, name: pipeline.name },
    store,
    prefix: prefixOf(run),
    scratchDir,
    ...(table === undefined ? {} : { targetColumns: table.columns }),
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    onProgress: ({ rows }) => context.onProgress?.({ stage: 'transform', rows }),
  });
  await store.put(key, JSON.stringify(clean));
  return clean;
}

/** Makes the target ready for the chunks: the table, and the rejected rows of the transform. Once, before any chunk. */
export async function prepareStage(context: RunContext, run: Run, clean: CleanManifest): Promise<TargetTable> {
  const table = await defineTable(context.sql, tableDemand(context, clean), context.where, retryOf(context));
  await mkdir(context.scratchDir, { recursive: true });
  await keepRejectedRows({
    sql: context.sql,
    runId: run.run_id,
    pipelineName: context.pipeline.name,
    manifest: clean,
    store: context.store,
    scratchDir: context.scratchDir,
    retry: retryOf(context),
  });
  return table;
}

/**
 * Loads chunks of a run, all or the given ones.
 *
 * @returns what became of their rows, and how often a conflict or a lost connection was met
 */
export async function loadStage(
  context: RunContext,
  run: Run,
  clean: CleanManifest,
  table: TargetTable,
  chunks?: readonly number[],
): Promise<LoadResult & { readonly conflict_retries: number }> {
  let conflicts = 0;
  await mkdir(context.scratchDir, { recursive: true });
  const demand = tableDemand(context, clean);
  const loaded = await load({
    sql: context.sql,
    runId: run.run_id,
    pipelineName: context.pipeline.name,
    manifest: clean,
    store: context.store,
    scratchDir: context.scratchDir,
    table,
    loadMode: demand.loadMode,
    keyColumns: demand.keyColumns,
    batchRows: context.pipeline.settings.batch_rows,
    connections: context.connections,
    again: run.repeated,
    ...(chunks === undefined ? {} : { chunks }),
    retry: retryOf(context, () => {
      conflicts += 1;
    }),
    onProgress: (rows, of) => context.onProgress?.({ stage: 'load', rows, of }),
  });
  return { ...loaded, conflict_retries: conflicts };
}

/** What the pipeline wants of its table, with names as the clean columns have them. */
function tableDemand({ pipeline }: RunContext, clean: CleanManifest): TableDemand {
  const { settings } = pipeline;
  return {
    name: parseTableName(settings.target_table),
    columns: clean.columns,
    keyColumns: settings.key_columns.map((key) => columnNameOf(key, clean)),
    loadMode: settings.load_mode,
  };
}

/** A configured name is the target's, or the source's that became the target's. */
function columnNameOf(name: string, { columns }: CleanManifest): string {
  const column =
    columns.find((candidate) => candidate.name === name) ?? columns.find((candidate) => candidate.source_name === name);
  return column?.name ?? name;
}
