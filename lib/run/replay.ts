import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { loadModeTraits } from '../config/load-mode.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import { overFile } from '../config/sources/as-file.ts';
import { runStatement } from '../dsql/target.ts';
import { type KeptRow, type RejectedChoice, rejectedColumns, rejectedPages } from '../state/rejected-rows.ts';
import type { PastRun } from '../state/run-history.ts';
import { ReplayRefusedError } from './errors.ts';
import { type ReplayRow, replayableOf, writeReplayFile } from './replay-file.ts';
import type { RunResult } from './result.ts';
import type { RunContext } from './run-context.ts';
import { runPipeline } from './run-pipeline.ts';

/** Which rejected rows are to be run again. */
export interface ReplayDemand {
  readonly run: PastRun;
  /** A part of the reason for which they were rejected. */
  readonly reason?: string | undefined;
  /** The rows as somebody has repaired them, of which each names the rejected row that it was; else as they were. */
  readonly repaired?: RepairedRows | undefined;
  readonly trigger: 'cli' | 'console';
}

/** Rows that somebody has repaired. */
export interface RepairedRows {
  readonly columns: readonly string[];
  readonly format: 'csv' | 'ndjson';
  /** Each call reads them from the beginning. */
  readonly rows: () => AsyncIterable<ReplayRow>;
}

/** How the rows were run again. */
export interface Replayed {
  /** Undefined where there was none to run. */
  readonly result: RunResult | undefined;
  /** Rows that cannot be run again as they are, by why; they stay rejected. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * Runs rejected rows of a run again, through the pipeline as it is configured now, as a run of its own. Each is noted with
 * that run before the first is loaded, and is done when it has succeeded; so none is ever loaded twice.
 *
 * @throws {ReplayRefusedError} terminal: the run did not succeed, or a repaired row is none of its open rejected rows
 * Killed midway: the next run of the pipeline takes the rows back or leaves them where a repeat is harmless, and they are open again.
 */
export async function replayRun(context: RunContext, demand: ReplayDemand): Promise<Replayed> {
  return await overRejected(context, demand, async ({ context: over, ids, left }) => {
    if (ids.length === 0) return { result: undefined, left };
    const replay = { ofRun: demand.run.run_id, ids };
    return { result: await runPipeline(over, { trigger: demand.trigger, again: false, replay }), left };
  });
}

/** A pipeline whose source is rejected rows of one of its runs. */
export interface RejectedSource {
  readonly context: RunContext;
  /** Of the rejected rows that it reads. */
  readonly ids: readonly string[];
  /** Rows that cannot be run again as they are, by why. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * Does something with a pipeline as it is configured now, over rejected rows of a run, in a file that is removed behind it.
 *
 * @throws {ReplayRefusedError} terminal: the run did not succeed, or a row comes twice
 */
export async function overRejected<T>(
  context: RunContext,
  demand: Omit<ReplayDemand, 'trigger'>,
  work: (source: RejectedSource) => Promise<T>,
): Promise<T> {
  const { run } = demand;
  if (run.status !== 'success' || run.closed_by !== null || (run.kind !== 'load' && run.kind !== 'replay')) {
    throw new ReplayRefusedError(
      run.run_id,
      run.closed_by === null ? `its status is ${run.status}` : `run ${run.closed_by} has taken its rows back`,
      'Load its source again with etl run: its rejected rows come with it.',
    );
  }
  const folder = path.join(context.scratchDir, `replay-${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const { settings } = context.pipeline;
    const format = demand.repaired?.format ?? (isText(settings) ? 'csv' : 'ndjson');
    const file = path.join(folder, `rows.${format}`);
    const left = new Map<string, number>();
    const ids: string[] = [];
    const choice = { runId: run.run_id, pipelineName: run.pipeline_name, reason: demand.reason };
    const columns =
      demand.repaired?.columns ??
      (await runStatement('Reading the rejected rows', context.target, () =>
        rejectedColumns(context.target.sql, choice),
      ));
    const rows = demand.repaired?.rows() ?? storedRows(context, choice, left);
    await writeReplayFile(file, format, columns, collect(rows, ids));
    requireOnce(run.run_id, ids);
    const pipeline = { ...context.pipeline, settings: replaySettings(settings, file, format) };
    return await work({ context: { ...context, pipeline }, ids, left });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* collect(rows: AsyncIterable<ReplayRow>, ids: string[]): AsyncGenerator<ReplayRow> {
  for await (const row of rows) {
    ids.push(row.id);
    yield row;
  }
}

async function* storedRows(
  { target }: RunContext,
  choice: RejectedChoice,
  left: Map<string, number>,
): AsyncGenerator<ReplayRow> {
  for await (const page of rejectedPages(target.sql, choice)) {
    for (const kept of page) {
      const given = replayableOf(kept);
      if ('why' in given) left.set(given.why, (left.get(given.why) ?? 0) + 1);
      else yield { id: kept.id, fields: given.fields, json: wholeJson(kept, given.fields) };
    }
  }
}

/** The row's own JSON text, where no column of it is left out. */
function wholeJson(kept: KeptRow, fields: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(fields).length === Object.keys(JSON.parse(kept.row) as object).length ? kept.row : undefined;
}

function requireOnce(runId: string, ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) {
      throw new ReplayRefusedError(
        runId,
        `the file has two rows for the rejected row ${id}`,
        'Leave one of them out; a repaired row stands for one rejected row.',
      );
    }
    seen.add(id);
  }
}

/** The source's values are texts without a type of their own. */
function isText(settings: PipelineSettings): boolean {
  if (settings.source_type !== 'file' || settings.explode !== undefined || settings.flatten !== undefined) return false;
  const paths = [settings.file_path].flat();
  return !(
    settings.format === 'json' ||
    settings.format === 'ndjson' ||
    (settings.format === undefined && paths.some((one) => /\.(json|ndjson|jsonl)(\.gz|\.zst)?$/i.test(one)))
  );
}

/** The pipeline as it is configured now, over the file of the rows. Rows are added or updated, and none is deleted. */
function replaySettings(settings: PipelineSettings, path: string, format: 'csv' | 'ndjson'): PipelineSettings {
  const own = settings.source_type === 'file' ? settings.csv : undefined;
  const csv =
    own === undefined || format !== 'csv'
      ? undefined
      : {
          null_strings: own.null_strings,
          decimal_separator: own.decimal_separator,
          thousands_separator: own.thousands_separator,
        };
  const { key_columns: keys, load_mode: mode } = settings;
  const loadMode = !loadModeTraits[mode].deletesUnread ? mode : keys.length === 0 ? 'insert' : 'upsert';
  return overFile(settings, { path, format, csv, loadMode });
}
