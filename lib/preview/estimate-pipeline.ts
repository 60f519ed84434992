import { deploySchema } from '../config/deploy.ts';
import { regionOfHostname } from '../dsql/endpoint.ts';
import { type BudgetExceededError, checkBudget } from '../estimate/check-budget.ts';
import type { WrittenRows } from '../estimate/dpu.ts';
import { allInserted, type Estimate, estimateLoad } from '../estimate/estimate-load.ts';
import type { LoadSize } from '../load/measure-load.ts';
import { pricesOf, standInRegion } from '../prices.ts';
import { measuredSize } from '../run/budget.ts';
import type { RunContext } from '../run/run-context.ts';
import type { Outcome, PlannedWrites } from './preview.ts';
import { previewPipeline } from './preview-pipeline.ts';

/** What a run of a pipeline would cost now; one element of `etl estimate --json`. */
export interface PipelineEstimate {
  readonly pipeline_name: string;
  readonly target_table: string;
  readonly load_mode: string;
  readonly outcome: Outcome;
  /** The Region whose prices are taken, whether it is the cluster's, and of which day they are. */
  readonly prices: { readonly region: string; readonly own: boolean; readonly of: string };
  /** What was read, transformed and cut here, as a run does. */
  readonly measured: LoadSize & { readonly rows_read: number; readonly read_seconds: number };
  /** By what the comparison with the table found; null where it could not tell all of it. */
  readonly expected: Estimate | null;
  /** Every row is inserted; the budget is compared with this. */
  readonly most: Estimate;
  /** Why the budget would stop a run; null where it would not, or where there is none. */
  readonly over_budget: string | null;
}

/**
 * Reads, transforms and cuts the source as a run does, compares it with the table, and computes what a run would cost. The
 * target is only read.
 *
 * @param region  of the cluster, where the endpoint does not tell it
 * @throws what a preview throws
 */
export async function estimatePipeline(context: RunContext, region: string | undefined): Promise<PipelineEstimate> {
  const { clock } = context.target.retry;
  const began = clock.now().getTime();
  let readSeconds = 0;
  let size: LoadSize | undefined;
  // The budget is compared here, and the rest of the preview is wanted also where it is passed.
  const { settings } = context.pipeline;
  const unlimited = { ...context, pipeline: { ...context.pipeline, settings: { ...settings, budget: undefined } } };
  const preview = await previewPipeline(unlimited, {
    again: true,
    onPlanned: async (result) => {
      readSeconds = (clock.now().getTime() - began) / 1000;
      size = await measuredSize(context, result);
    },
  });
  if (size === undefined) throw new RangeError('The preview has planned nothing.');
  const place = regionOfHostname(context.target.where.endpoint) ?? region;
  const basis = { size, settings, deploy: context.deploy ?? deploySchema.parse({}), region: place };
  const most = estimateLoad({ ...basis, rows: allInserted(size) });
  const rows = knownRows(preview.writes);
  return {
    pipeline_name: preview.pipeline_name,
    target_table: preview.target_table,
    load_mode: preview.load_mode,
    outcome: preview.outcome,
    prices: {
      region: most.own_prices && place !== undefined ? place : standInRegion,
      own: most.own_prices,
      of: pricesOf,
    },
    measured: { ...size, rows_read: preview.counts.rows_read, read_seconds: readSeconds },
    expected: rows === undefined ? null : estimateLoad({ ...basis, rows }),
    most,
    over_budget: settings.budget === undefined ? null : overBudget(context.pipeline.name, settings.budget, most),
  };
}

/** What becomes of the rows, where all of it is known. */
function knownRows(writes: PlannedWrites | undefined): WrittenRows | undefined {
  if (writes === undefined || writes.unknown.length > 0) return undefined;
  const { rows_deleted: deleted, rows_inserted: inserted, rows_unchanged: unchanged, rows_updated: updated } = writes;
  if (deleted === null || inserted === null || unchanged === null || updated === null) return undefined;
  return { inserted, updated, unchanged, deleted };
}

function overBudget(name: string, budget: Parameters<typeof checkBudget>[1], most: Estimate): string | null {
  try {
    checkBudget(name, budget, most);
    return null;
  } catch (error) {
    return (error as BudgetExceededError).message;
  }
}
