import { loadModeTraits } from '../config/load-mode.ts';
import { explodeSettings } from '../config/nested.ts';
import type { Buckets, Manifest } from '../manifest.ts';
import { describeDrift } from '../transform/clean/drift.ts';
import { failOnMisfits, failOnRules } from '../transform/clean/refusals.ts';
import { countRules } from '../transform/clean/rule-counts.ts';
import { withoutUndecided } from '../transform/clean/target-columns.ts';
import type { RowPlace } from '../transform/read/raw-rows.ts';
import type { TransformSettings } from '../transform/request.ts';
import { checkCounts } from '../transform/result/check-counts.ts';
import { countRejectedLines, Rejections } from '../transform/result/rejections.ts';
import { elementless, repeated } from '../transform/row-state.ts';
import { readCleaned } from './clean-slice.ts';
import { type GatheredBucket, readGathered } from './gather-bucket.ts';
import { inTurn } from './in-turn.ts';
import type { ScatterJob } from './job.ts';
import { decideNothing, readPlan, type ScatterPlan } from './plan-source.ts';
import { RejectionTally, tellOrder } from './rejection-tally.ts';
import { idsOfBuckets } from './write-ids.ts';

/**
 * The manifest of the whole, from what the steps have counted.
 *
 * @throws what `cleanSource` throws for rows that the configuration does not allow; nothing has been loaded
 * @throws {RowsUnaccountedError} terminal: the counts do not add up
 */
export async function joinBuckets(job: ScatterJob): Promise<Manifest> {
  const { request } = job;
  const { raw, settings } = request;
  const plan = await readPlan(job);
  const decided = await decideNothing(job, plan);
  const tally = new RejectionTally();
  const cleaned = await sumOfSlices(job, plan, tally);
  const drift = await describeDrift(
    request,
    { raw: plan, columns: decided.columns },
    async ({ name }) => cleaned.added.get(name) ?? { rows: 0, first: undefined },
  );
  const ids = idsOfBuckets(job, plan, decided);
  const gathered = await sumOfBuckets(job, plan, tally, ids);
  const inState = (state: number): number => gathered.states.get(state)?.rows ?? 0;
  const reasons = decided.reasons.all();
  failOnMisfits(request, reasons, inState);
  await failOnRules(
    request,
    reasons,
    inState,
    async (state) => gathered.states.get(state)?.first ?? { source: '', line: 0 },
  );
  const rules = countRules(settings.business_rules, reasons, inState);
  await tallyExtracted(job, tally);
  const rejected = [...raw.rejected, ...cleaned.rejected, ...gathered.rejected];
  const counts = {
    rows_read: plan.rows + rowsOf(raw.rejected) + rowsOf(cleaned.rejected),
    rows_filtered: rules.reduce((sum, rule) => sum + rule.rows_filtered, inState(elementless)),
    rows_deduplicated: inState(repeated) + (loadModeTraits[settings.load_mode].keepsLast ? gathered.superseded : 0),
    rows_rejected: rowsOf(rejected),
    rows_clean: rowsOf(gathered.chunks),
  };
  checkCounts(counts);
  return {
    columns: [...decided.target.columns],
    chunks: gathered.chunks,
    buckets: gathered.buckets,
    rejected,
    counts,
    ...withoutUndecided(decided.target.named, decided.columns),
    rejections: tally.list(),
    rules,
    exploded: explodedOf(settings, plan),
    warnings: [...plan.warnings, ...drift],
  };
}

/** What the cleaned slices say together. */
async function sumOfSlices(
  job: ScatterJob,
  { slices }: ScatterPlan,
  tally: RejectionTally,
): Promise<{
  readonly rejected: Manifest['rejected'];
  readonly added: ReadonlyMap<string, { readonly rows: number; readonly first: RowPlace | undefined }>;
}> {
  const rejected: Manifest['rejected'] = [];
  const added = new Map<string, { readonly rows: number; readonly first: RowPlace | undefined }>();
  for await (const slice of inTurn(slices, async (number) => await readCleaned(job, number))) {
    for (const entry of slice.tally) tally.add(entry);
    if (slice.rejected !== null) rejected.push(slice.rejected);
    for (const { first, name, rows } of slice.added) {
      const before = added.get(name);
      added.set(name, { rows: rows + (before?.rows ?? 0), first: before?.first ?? first ?? undefined });
    }
  }
  return { rejected, added };
}

/** What the gathered buckets say together. */
async function sumOfBuckets(
  job: ScatterJob,
  { buckets }: ScatterPlan,
  tally: RejectionTally,
  ids: Buckets['ids'],
): Promise<{
  readonly chunks: GatheredBucket['chunks'];
  readonly buckets: Buckets;
  readonly rejected: Manifest['rejected'];
  readonly states: ReadonlyMap<number, Omit<GatheredBucket['states'][number], 'state'>>;
  readonly superseded: number;
}> {
  const chunks: GatheredBucket['chunks'] = [];
  const rejected: Manifest['rejected'] = [];
  const states = new Map<number, Omit<GatheredBucket['states'][number], 'state'>>();
  const perBucket: number[] = [];
  let hasIds = true;
  let superseded = 0;
  for await (const bucket of inTurn(buckets, async (number) => await readGathered(job, number))) {
    chunks.push(...bucket.chunks);
    perBucket.push(bucket.chunks.length);
    if (ids?.prefix !== undefined && bucket.chunks.length > 0 && bucket.ids !== ids.ranges) hasIds = false;
    if (bucket.rejected !== null) rejected.push(bucket.rejected);
    superseded += bucket.superseded;
    for (const entry of bucket.tally) tally.add(entry);
    for (const { first, rows, state } of bucket.states) {
      const before = states.get(state);
      const isFirst = before === undefined || first.order < before.first.order;
      states.set(state, { rows: rows + (before?.rows ?? 0), first: isFirst ? first : before.first });
    }
  }
  return { chunks, buckets: { chunks: perBucket, ids: hasIds ? ids : undefined }, rejected, states, superseded };
}

/** Tells of the rows that extract has rejected. */
async function tallyExtracted({ request: { raw, store } }: ScatterJob, tally: RejectionTally): Promise<void> {
  for (const [file, { location }] of raw.rejected.entries()) {
    const rejections = new Rejections();
    await countRejectedLines(await store.localPath(location), rejections);
    for (const [at, entry] of rejections.entries().entries()) {
      tally.add({ ...entry, order: [tellOrder.extract, file, at] });
    }
  }
}

/** How records became rows of their elements. */
function explodedOf({ explode }: TransformSettings, { rows, shape }: ScatterPlan): Manifest['exploded'] {
  if (explode === undefined || shape === undefined) return undefined;
  return { ...explodeSettings(explode), records: shape.records, rows, empty: shape.empty };
}

function rowsOf(files: readonly { readonly rows: number }[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}
