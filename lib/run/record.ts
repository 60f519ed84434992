import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { EtlError, messageOf } from '../errors.ts';
import type { Conclusion } from '../load/conclude.ts';
import type { LoadResult } from '../load/load.ts';
import { describeTable } from '../load/target-table.ts';
import type { Plan, RawManifest } from '../manifest.ts';
import { LeaseLostError } from '../state/errors.ts';
import { fenced } from '../state/fence.ts';
import { objectsLoaded } from '../state/landed-object.ts';
import { endLease, unstopped } from '../state/lease.ts';
import { readLedgerTotals } from '../state/ledger.ts';
import { logEnd, logWithoutLease, noCounts, type RunCounts, type RunEnd, statusOfRun } from '../state/run-log.ts';
import { writeWatermark } from '../state/watermark.ts';
import { checkRefused } from './check-rejected.ts';
import { CountsMismatchError } from './errors.ts';
import type { RunResult, Stage } from './result.ts';
import { fenceOf, type KeptValidator, type Run } from './run.ts';
import type { RunContext } from './run-context.ts';
import { type DetailParts, detailsText } from './run-details.ts';
import { prefixOf } from './store-keys.ts';
import { settleReplaced } from './superseded.ts';

/** What the stages found out, gathered for the log; a part is missing when its stage has not ended. */
export interface RunOutcome {
  readonly raw?: Pick<RawManifest, 'bytes_read' | 'source_fingerprint' | 'validator' | 'watermark' | 'warnings'> &
    NonNullable<DetailParts['raw']>;
  readonly plan?: Pick<Plan, 'counts'> & NonNullable<DetailParts['plan']>;
  readonly loaded?: LoadResult & { readonly conflict_retries: number };
  readonly concluded?: Conclusion;
  /** Besides those of extract. */
  readonly warnings?: readonly string[];
  /** How long the stages took and what DDL they executed, where they ran in one process. */
  readonly history?: Pick<DetailParts, 'stages' | 'ddl'>;
}

/** The parts that a success must have. */
export type CompleteOutcome = Required<Omit<RunOutcome, 'warnings' | 'history'>> &
  Pick<RunOutcome, 'warnings' | 'history'>;

/** Adds up what is known of every row. */
export function countsOf({ plan, concluded, loaded, raw }: RunOutcome): RunCounts {
  const inserted = loaded?.rows_inserted ?? 0;
  const updated = loaded?.rows_updated ?? 0;
  const unchanged = loaded?.rows_unchanged ?? 0;
  return {
    ...noCounts,
    bytes_read: raw?.bytes_read ?? 0,
    rows_read: plan?.counts.rows_read ?? 0,
    rows_filtered: plan?.counts.rows_filtered ?? 0,
    rows_deduplicated: plan?.counts.rows_deduplicated ?? 0,
    rows_rejected: (plan?.counts.rows_rejected ?? 0) + (loaded?.rows_rejected ?? 0),
    rows_loaded: inserted + updated + unchanged,
    rows_inserted: inserted,
    rows_updated: updated,
    rows_unchanged: unchanged,
    rows_deleted: concluded?.rows_deleted ?? 0,
    conflict_retries: loaded?.conflict_retries ?? 0,
  };
}

/**
 * Ends a run that loaded everything: checks that the counts add up, logs it, moves the watermark in the same transaction,
 * and clears the run's files.
 *
 * @throws {CountsMismatchError} when a row would be lost or doubled without anyone noticing; nothing is logged as a success
 * @throws {TooManyRejectedError} when the database refused more rows than the pipeline allows; the others stay
 */
export async function recordSuccess(context: RunContext, run: Run, outcome: CompleteOutcome): Promise<RunResult> {
  const counts = countsOf(outcome);
  const accounted = counts.rows_filtered + counts.rows_deduplicated + counts.rows_rejected + counts.rows_loaded;
  if (accounted !== counts.rows_read) throw new CountsMismatchError(counts);
  const refused = await checkRefused(context, run, outcome.plan, outcome.loaded);
  const warnings = [...(outcome.warnings ?? []), ...refused];
  const result = resultOf(
    context,
    run,
    'success',
    { ...outcome, warnings },
    { stage: null, error_code: null, error_message: null },
  );
  const { source_fingerprint: fingerprint, watermark } = outcome.raw;
  const { sql } = context.target;
  await settleReplaced(context, run);
  let attempts = 0;
  await runStatement('Writing the execution log', context.target, async () => {
    attempts += 1;
    // The attempt before may have committed without its answer, and has then ended the lease.
    if (attempts > 1 && (await statusOfRun(sql, run.run_id)) === 'success') return;
    const name = context.pipeline.settings.target_table;
    const table = await describeTable(sql, parseTableName(name));
    await sql.begin(async (transaction) => {
      const logged = logEnd(transaction, endOf(context, result, run, outcome), fingerprint, table?.id);
      // Without objects and a watermark the log's row and the end of the lease travel in one round trip.
      if (run.objects !== undefined) {
        await logged;
        await objectsLoaded(transaction, context.pipeline.name, run.run_id);
      }
      // Without a table nothing was loaded, and the next run reads from the same place.
      if (watermark !== undefined && table !== undefined) {
        await logged;
        const of = { pipelineName: context.pipeline.name, runId: run.run_id };
        await writeWatermark(transaction, { id: table.id, name }, of, watermark);
      }
      // The run's last transaction ends its lease, so that nothing of it can commit behind it.
      await Promise.all([logged, endLease(transaction, fenceOf(context, run))]);
    });
  });
  await context.store.removeAll(prefixOf(run));
  return result;
}

/** Ends a run that failed; its files stay, so that the next one can go on. Logged if the target can be reached. */
export async function recordFailure(
  context: RunContext,
  run: Run,
  known: RunOutcome,
  stage: Stage,
  error: unknown,
): Promise<RunResult> {
  const outcome = await withLedger(context, run, known);
  const interrupted = context.target.retry.signal?.aborted === true;
  const result = resultOf(context, run, 'failed', outcome, {
    stage,
    error_code: interrupted ? 'interrupted' : error instanceof EtlError ? error.code : 'unexpected',
    error_message: messageOf(interrupted ? context.target.retry.signal?.reason : error),
  });
  const target = unstopped(context.target);
  try {
    if (run.epoch === 0) await logWithoutLease(target.sql, endOf(context, result, run, outcome));
    else {
      await fenced('Writing the execution log', target, fenceOf(context, run), (transaction) =>
        logEnd(transaction, endOf(context, result, run, outcome), outcome.raw?.source_fingerprint ?? null),
      );
    }
  } catch (failure) {
    // What failed may have failed because another run has cleared this one's files; then the lease is what to speak of.
    if (failure instanceof LeaseLostError) {
      return { ...result, error_code: failure.code, error_message: failure.message };
    }
    // The target itself may be what failed; the caller has the result all the same.
  }
  return result;
}

/** With what the ledger says is loaded and deleted, of a run whose stages have not; as it was known where it cannot be read. */
async function withLedger({ target }: RunContext, run: Run, known: RunOutcome): Promise<RunOutcome> {
  if (known.plan === undefined || (known.loaded !== undefined && known.concluded !== undefined)) return known;
  try {
    const { rows_deleted, ...rows } = await readLedgerTotals(unstopped(target).sql, run.run_id);
    return {
      ...known,
      loaded: known.loaded ?? { ...rows, conflict_retries: 0 },
      concluded: known.concluded ?? { rows_deleted, verified: null },
    };
  } catch {
    return known;
  }
}

/** Logs a run that had nothing to do. */
export async function recordSkipped(
  context: RunContext,
  run: Run,
  skip: { readonly code: string; readonly message: string },
): Promise<RunResult> {
  const result = resultOf(
    context,
    run,
    'skipped',
    {},
    {
      stage: null,
      error_code: skip.code,
      error_message: skip.message,
    },
  );
  await runStatement('Writing the execution log', context.target, () =>
    logWithoutLease(context.target.sql, endOf(context, result, run, {})),
  );
  return result;
}

function resultOf(
  context: RunContext,
  run: Run,
  status: RunResult['status'],
  outcome: RunOutcome,
  end: Pick<RunResult, 'stage' | 'error_code' | 'error_message'>,
): RunResult {
  const endTime = context.target.retry.clock.now();
  const counts = countsOf(outcome);
  return {
    run_id: run.run_id,
    pipeline_name: context.pipeline.name,
    status,
    target_table: context.pipeline.settings.target_table,
    start_time: run.start_time,
    end_time: endTime.toISOString(),
    execution_time_seconds: (endTime.getTime() - Date.parse(run.start_time)) / 1000,
    processed_records: counts.rows_loaded,
    ...counts,
    verified: outcome.concluded?.verified ?? null,
    exploded: outcome.plan?.exploded,
    not_modified: outcome.raw?.not_modified,
    warnings: [...(outcome.raw?.warnings ?? []), ...(outcome.warnings ?? [])],
    resumed: run.resumed,
    ...end,
  };
}

/** A result as the log keeps it. */
function endOf(
  { execution }: Pick<RunContext, 'execution'>,
  { resumed: _, not_modified: __, ...result }: RunResult,
  run: Pick<Run, 'trigger' | 'validator'>,
  { history, plan, raw }: RunOutcome,
): RunEnd {
  const validator = validatorOf(result, run, raw);
  return { ...result, trigger: run.trigger, details: detailsText({ ...history, plan, raw, validator, execution }) };
}

/** What a later run may ask with: rows that were rejected are not in the table, so that all has to be read again. */
function validatorOf(
  result: Pick<RunResult, 'rows_loaded' | 'rows_rejected' | 'start_time' | 'status'>,
  run: Pick<Run, 'validator'>,
  raw: RunOutcome['raw'],
): KeptValidator | undefined {
  if (result.status !== 'success' || result.rows_rejected > 0 || raw?.validator === undefined) return undefined;
  if (raw.not_modified === true) return run.validator;
  return { ...raw.validator, rows: result.rows_loaded, since: result.start_time };
}
