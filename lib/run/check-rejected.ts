import type { PipelineSettings } from '../config/pipeline.ts';
import { runStatement } from '../dsql/target.ts';
import { TooManyRejectedError } from '../load/errors.ts';
import type { LoadResult } from '../load/load.ts';
import type { Plan } from '../manifest.ts';
import { countRefused } from '../state/rejected-rows.ts';
import { refusedTexts, rejectionTexts } from './rejection-texts.ts';
import type { Run } from './run.ts';
import type { RunContext } from './run-context.ts';

/** The largest share of rejected rows where the pipeline does not say: with more, the source is another than was meant. */
const defaultRejectedRatio = 0.5;

/** What the database has refused of the rows that were sent to it. */
interface Refused {
  readonly rows: number;
  /** Why, as `refusedTexts` gives it. */
  readonly texts: readonly string[];
  /** Rows that the database has taken. */
  readonly loaded: number;
}

/** What a plan says of rejected rows. */
type Counted = Pick<Plan, 'counts' | 'rejections'>;

/** @throws {TooManyRejectedError} when the pipeline allows fewer rejected rows */
export function checkRejected(settings: PipelineSettings, plan: Counted, refused?: Refused): void {
  const { rows_read: read } = plan.counts;
  const rejected = plan.counts.rows_rejected + (refused?.rows ?? 0);
  const { max_rejected_ratio: ratio, max_rejected_rows: rows } = settings;
  const limit =
    rows !== undefined && rejected > rows
      ? `max_rejected_rows (${rows})`
      : rejected > read * (ratio ?? defaultRejectedRatio)
        ? `max_rejected_ratio (${ratio ?? `${defaultRejectedRatio}, the default`})`
        : undefined;
  if (limit === undefined) return;
  const reasons = [...(refused?.texts ?? []), ...rejectionTexts(plan)];
  throw new TooManyRejectedError({ rejected, read, limit, reasons, loaded: refused?.loaded });
}

/**
 * Counts the rows that the database refused to those that the transform rejected, when all chunks are loaded.
 *
 * @returns why rows were refused, one sentence for each reason
 * @throws {TooManyRejectedError} terminal: the rows that the database has taken stay
 */
export async function checkRefused(
  { pipeline, target }: RunContext,
  run: Pick<Run, 'run_id'>,
  plan: Counted,
  loaded: LoadResult,
): Promise<readonly string[]> {
  if (loaded.rows_rejected === 0) return [];
  const groups = await runStatement('Reading rejected rows', target, () => countRefused(target.sql, run.run_id));
  const texts = refusedTexts(groups);
  checkRejected(pipeline.settings, plan, {
    rows: loaded.rows_rejected,
    texts,
    loaded: loaded.rows_inserted + loaded.rows_updated + loaded.rows_unchanged,
  });
  return texts;
}
