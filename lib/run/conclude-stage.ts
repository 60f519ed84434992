import { type ConcludeRequest, type Conclusion, concludeLoad, type FollowUp, followUpOf } from '../load/conclude.ts';
import type { LoadedRows } from '../load/conclude-piece.ts';
import type { LoadResult } from '../load/load.ts';
import type { TargetTable } from '../load/target-table.ts';
import type { TransformResult } from '../transform-result.ts';
import { checkRefused } from './check-rejected.ts';
import { fenceOf, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { tableDemand } from './table-demand.ts';

/** The clean rows of a run beside its table. */
export function cleanRows(context: RunContext, { chunks, plan }: TransformResult, table: TargetTable): LoadedRows {
  const { pipeline, scratchDir, target } = context;
  const { keyColumns } = tableDemand(context, plan);
  const { memory_limit_mb: memoryLimitMb } = pipeline.settings;
  return { target, pipelineName: pipeline.name, plan, reader: chunks, scratchDir, memoryLimitMb, table, keyColumns };
}

/** What is known of a run whose chunks are loaded; of what the load has counted only its end needs to know. */
export function concludeRequest(
  context: RunContext,
  run: Run,
  result: TransformResult,
  table: TargetTable,
  loaded?: LoadResult,
): ConcludeRequest {
  const { plan } = result;
  const { settings } = context.pipeline;
  const isEmpty = plan.counts.rows_clean === 0;
  const { latestBy, loadMode } = tableDemand(context, plan);
  const { rows_inserted = 0, rows_rejected = 0, rows_unchanged = 0, rows_updated = 0 } = loaded ?? {};
  return {
    ...cleanRows(context, result, table),
    fence: fenceOf(context, run),
    runId: run.run_id,
    loadMode,
    latestBy,
    // Without a row the plan has no types, and what is in the table was indexed and verified when it came.
    indexes: isEmpty ? [] : plan.indexes,
    verify: isEmpty ? 'off' : settings.verify,
    batchRows: settings.batch_rows,
    rowsLoaded: rows_inserted + rows_updated + rows_unchanged,
    rowsRefused: rows_rejected,
  };
}

/**
 * What follows when all chunks are loaded: rows that `replace` takes away, indexes, verification.
 *
 * @throws {TooManyRejectedError} terminal: the database has refused too many rows; nothing was taken away
 */
export async function concludeStage(
  context: RunContext,
  run: Run,
  result: TransformResult,
  table: TargetTable | undefined,
  loaded: LoadResult,
): Promise<Conclusion> {
  if (table === undefined) return { rows_deleted: 0, verified: null };
  await checkRefused(context, run, result.plan, loaded);
  return await concludeLoad(concludeRequest(context, run, result, table, loaded));
}

/**
 * What other calls have to do with the pieces of a run's table before `concludePieces`.
 *
 * @throws as `concludeStage`
 */
export async function followUpStage(
  context: RunContext,
  run: Run,
  result: TransformResult,
  table: TargetTable,
  loaded: LoadResult,
): Promise<FollowUp> {
  await checkRefused(context, run, result.plan, loaded);
  return followUpOf(concludeRequest(context, run, result, table, loaded));
}
