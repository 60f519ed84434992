import { loadModeTraits } from '../config/load-mode.ts';
import type { Manifest } from '../manifest.ts';
import { describeDrift } from '../transform/clean/drift.ts';
import { failOnMisfits, failOnRules } from '../transform/clean/refusals.ts';
import { countRules } from '../transform/clean/rule-counts.ts';
import { withoutUndecided } from '../transform/clean/target-columns.ts';
import { checkCounts } from '../transform/result/check-counts.ts';
import { countRejectedLines, Rejections } from '../transform/result/rejections.ts';
import { repeated } from '../transform/row-state.ts';
import type { CleanedSlice } from './clean-slice.ts';
import type { GatheredBucket } from './gather-bucket.ts';
import type { ScatterJob } from './job.ts';
import { decideNothing, type ScatterPlan } from './plan-source.ts';
import { RejectionTally, tellOrder } from './rejection-tally.ts';

/**
 * The manifest of the whole, from what the steps have counted.
 *
 * @throws what `cleanSource` throws for rows that the configuration does not allow; nothing has been loaded
 * @throws {RowsUnaccountedError} terminal: the counts do not add up
 */
export async function joinBuckets(
  job: ScatterJob,
  plan: ScatterPlan,
  cleaned: readonly CleanedSlice[],
  buckets: readonly GatheredBucket[],
): Promise<Manifest> {
  const { request } = job;
  const { raw, settings, store } = request;
  const decided = await decideNothing(job, plan);
  const drift = await describeDrift(request, { raw: plan, columns: decided.columns }, async ({ name }) => {
    const found = cleaned.flatMap(({ added }) => added.filter((one) => one.name === name));
    const first = found.find((one) => one.first !== null)?.first ?? undefined;
    return { rows: found.reduce((sum, one) => sum + one.rows, 0), first };
  });
  const states = buckets.flatMap((bucket) => bucket.states);
  const inState = (state: number): number => states.reduce((sum, one) => sum + (one.state === state ? one.rows : 0), 0);
  const reasons = decided.reasons.all();
  failOnMisfits(request, reasons, inState);
  await failOnRules(request, reasons, inState, async (state) => {
    const own = states.filter((one) => one.state === state).map(({ first }) => first);
    return own.reduce((first, one) => (one.order < first.order ? one : first));
  });
  const rules = countRules(settings.business_rules, reasons, inState);
  const tally = new RejectionTally();
  for (const { tally: own } of [...cleaned, ...buckets]) for (const entry of own) tally.add(entry);
  for (const [file, { location }] of raw.rejected.entries()) {
    const rejections = new Rejections();
    await countRejectedLines(await store.localPath(location), rejections);
    for (const [at, entry] of rejections.entries().entries()) {
      tally.add({ ...entry, order: [tellOrder.extract, file, at] });
    }
  }
  const files = [...cleaned, ...buckets].flatMap(({ rejected }) => rejected ?? []);
  const rejected = [...raw.rejected, ...files];
  const unreadable = [...raw.rejected, ...cleaned.flatMap((slice) => slice.rejected ?? [])];
  const superseded = buckets.reduce((sum, bucket) => sum + bucket.superseded, 0);
  const counts = {
    rows_read: plan.rows + sumOf(unreadable),
    rows_filtered: rules.reduce((sum, rule) => sum + rule.rows_filtered, 0),
    rows_deduplicated: inState(repeated) + (loadModeTraits[settings.load_mode].keepsLast ? superseded : 0),
    rows_rejected: sumOf(rejected),
    rows_clean: sumOf(buckets.flatMap((bucket) => bucket.chunks)),
  };
  checkCounts(counts);
  return {
    columns: [...decided.target.columns],
    chunks: buckets.flatMap((bucket) => bucket.chunks),
    rejected,
    counts,
    ...withoutUndecided(decided.target.named, decided.columns),
    rejections: tally.list(),
    rules,
    warnings: [...plan.warnings, ...drift],
  };
}

function sumOf(files: readonly { readonly rows: number }[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}
