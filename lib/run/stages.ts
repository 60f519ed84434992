import { mkdir } from 'node:fs/promises';
import { loadModeTraits } from '../config/load-mode.ts';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { prepareDuckDb } from '../duckdb/open-duckdb.ts';
import { checkNothingMissing } from '../load/conclude.ts';
import { defineTable } from '../load/define-table.ts';
import { hotKeyWarnings } from '../load/hot-key.ts';
import { checkReplaceable } from '../load/identity.ts';
import { keepRejectedRows, type LoadResult, load } from '../load/load.ts';
import { loadModes } from '../load/load-modes.ts';
import { checkShrink } from '../load/replace.ts';
import { describeTable, isEmptyTable, type TargetTable } from '../load/target-table.ts';
import { readLedger } from '../state/ledger.ts';
import type { TransformResult } from '../transform-result.ts';
import { requireWithinBudget } from './budget.ts';
import { checkRejected } from './check-rejected.ts';
import { cleanRows } from './conclude-stage.ts';
import { rejectionTexts } from './rejection-texts.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { settleFailed } from './superseded.ts';
import { tableDemand } from './table-demand.ts';

/*
 * The stages of a run, one function each. They leave their work in the store or the target and give references, so each
 * may run in a process of its own; each may be repeated.
 */

/** What the load needs to know of the target, as it is once it is ready. */
export interface Prepared {
  /** Undefined where there is none and no row to make it for. */
  readonly table: TargetTable | undefined;
  /**
   * The table had no row, so that rows with keys may be copied, also on other machines. It holds as long as nobody but
   * this run writes to the table; a load that meets a key does without COPY.
   */
  readonly wasEmpty: boolean;
  readonly warnings: readonly string[];
  /** Before the load the rows of the table that the source does not have are still to be counted: there must be none. */
  readonly counts: boolean;
}

/**
 * Keeps the rejected rows of the transform, and refuses a run of which too many are. Once, before anything is made; safe
 * to repeat.
 *
 * @throws {TooManyRejectedError | BudgetExceededError} terminal: nothing has been made, and nothing loaded
 */
export async function admitStage(context: RunContext, run: Run, result: TransformResult): Promise<void> {
  const { plan } = result;
  const { scratchDir, store, target } = context;
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  // Rows that are rejected once more are kept already, with the run that rejected them first.
  if (run.replay_of !== undefined) checkRejected(context.pipeline.settings, plan);
  await keepRejectedRows({
    target,
    fence: fenceOf(context, run),
    runId: run.run_id,
    pipelineName: context.pipeline.name,
    plan,
    store,
    scratchDir,
  });
  await settleFailed(context, run);
  checkRejected(context.pipeline.settings, plan);
  // A run that goes on was admitted when it began.
  if (!run.resumed) await requireWithinBudget(context, result);
}

/**
 * Makes the target ready for the chunks: makes the table, and refuses what must not be loaded into it. Once, before any
 * chunk; safe to repeat. Where there is no row, nothing is made: no value has told a type. Where the source has not changed
 * since it was loaded, there is nothing to do with the table.
 *
 * @param countsLater  leaves it to the caller to count the rows that the source does not have where there must be none
 * @throws {ShrinkRefusedError | RejectedReplaceError | TableMismatchError} terminal: nothing has been loaded
 */
export async function prepareStage(
  context: RunContext,
  run: Run,
  result: TransformResult,
  { countsLater = false }: { readonly countsLater?: boolean } = {},
): Promise<Prepared> {
  const { pipeline, scratchDir, target } = context;
  const { settings } = pipeline;
  const { plan } = result;
  await mkdir(scratchDir, { recursive: true, mode: 0o700 });
  prepareDuckDb();
  const demand = tableDemand(context, plan);
  const said = [...(plan.warnings ?? []), ...rejectionTexts(plan)];
  if (plan.not_modified === true) return { table: undefined, wasEmpty: false, warnings: said, counts: false };
  const isEmpty = plan.counts.rows_clean === 0;
  const { deletesMissing } = loadModes[settings.load_mode];
  const present = isEmpty || deletesMissing ? await presentTable(context) : undefined;
  const replaced = deletesMissing && present !== undefined && !(await hasBegun(context, run)) ? present : undefined;
  const counts = countsLater && replaced !== undefined && plan.counts.rows_rejected > 0;
  if (replaced !== undefined) await checkReplacement(context, run, result, replaced, { countsLater });
  const table = isEmpty ? present : await defineTable(target, demand, fenceOf(context, run));
  if (table === undefined) return { table, wasEmpty: false, warnings: said, counts: false };
  if (deletesMissing) checkReplaceable(table, demand.keyColumns);
  if (isEmpty) return { table, wasEmpty: false, warnings: said, counts };
  const wasEmpty = await isStillEmpty(context, run, table);
  const hot = await hotKeyWarnings({
    table,
    plan,
    reader: result.chunks,
    scratchDir,
    target,
    pipelineName: pipeline.name,
    ...demand,
  });
  const again =
    run.range !== undefined && !loadModeTraits[settings.load_mode].repeatsAreHarmless && demand.keyColumns.length === 0
      ? [
          `--from and --to read rows that may be in the table already, and without key_columns ${settings.load_mode} adds them again.`,
        ]
      : [];
  return { table, wasEmpty, warnings: [...said, ...again, ...hot], counts };
}

/** Whether the table has no row yet; not asked where the load mode copies rows anyway. */
async function isStillEmpty({ pipeline, target }: RunContext, run: Run, table: TargetTable): Promise<boolean> {
  if (pipeline.settings.load_mode === 'insert' && !run.repeated) return false;
  return await runStatement('Reading the table', target, () => isEmptyTable(target.sql, table.name));
}

/** Whether the run has rows of its own in the table already: it was checked before its first batch. */
async function hasBegun({ target }: RunContext, run: Run): Promise<boolean> {
  if (!run.resumed) return false;
  const entries = await runStatement('Reading the ledger', target, () => readLedger(target.sql, run.run_id));
  return entries.length > 0;
}

/** Refuses a replacement that is not what is likely meant, before the table is changed. */
export async function checkReplacement(
  context: RunContext,
  run: Run,
  result: TransformResult,
  table: TargetTable,
  { countsLater = false }: { readonly countsLater?: boolean } = {},
): Promise<void> {
  const { pipeline, target } = context;
  const { plan } = result;
  const { keyColumns } = tableDemand(context, plan);
  checkReplaceable(table, keyColumns);
  if (run.force !== true) {
    await checkShrink(target, { table, rows: plan.counts.rows_clean, maxShrink: pipeline.settings.max_shrink });
  }
  const rows = plan.counts.rows_rejected;
  if (rows === 0 || countsLater) return;
  await checkNothingMissing(cleanRows(context, result, table), { rows, by: 'transform' });
}

/**
 * Loads chunks of a run, all or the given ones.
 *
 * @returns what became of their rows, and how often a conflict or a lost connection was met
 */
export async function loadStage(
  context: RunContext,
  run: Run,
  result: TransformResult,
  { table, wasEmpty }: Pick<Prepared, 'table' | 'wasEmpty'>,
  chunks?: readonly number[],
): Promise<LoadResult & { readonly conflict_retries: number }> {
  if (table === undefined) return { ...nothingLoaded, conflict_retries: 0 };
  let conflicts = 0;
  const rejected = result.plan.counts.rows_rejected;
  const onRetry = (): void => {
    conflicts += 1;
  };
  await mkdir(context.scratchDir, { recursive: true, mode: 0o700 });
  const demand = tableDemand(context, result.plan);
  const loaded = await load({
    target: { ...context.target, retry: { ...context.target.retry, onRetry } },
    fence: fenceOf(context, run),
    runId: run.run_id,
    pipelineName: context.pipeline.name,
    plan: result.plan,
    reader: result.chunks,
    scratchDir: context.scratchDir,
    table,
    loadMode: demand.loadMode,
    keyColumns: demand.keyColumns,
    latestBy: demand.latestBy,
    batchRows: context.pipeline.settings.batch_rows,
    memoryLimitMb: context.pipeline.settings.memory_limit_mb,
    connections: context.connections,
    again: run.repeated,
    wasEmpty,
    ...(chunks === undefined ? {} : { chunks }),
    onProgress: (rows, of) => context.onProgress?.({ stage: 'load', rows, of, rejected, conflicts }),
  });
  return { ...loaded, conflict_retries: conflicts };
}

const nothingLoaded: LoadResult = { rows_inserted: 0, rows_updated: 0, rows_unchanged: 0, rows_rejected: 0 };

/** The pipeline's table as it is; undefined where there is none. */
export async function presentTable({ pipeline, target }: RunContext): Promise<TargetTable | undefined> {
  return await runStatement('Reading the catalog', target, () =>
    describeTable(target.sql, parseTableName(pipeline.settings.target_table)),
  );
}
