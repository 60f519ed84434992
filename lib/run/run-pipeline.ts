import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { prepareDuckDb } from '../duckdb/open-duckdb.ts';
import { type KeptLease, keepLease, leaseSeconds, type ToldProgress } from '../state/lease.ts';
import { concludeStage } from './conclude-stage.ts';
import { extractStage } from './extract-stage.ts';
import { waitPollMs } from './others-undos.ts';
import { type RunOutcome, recordFailure, recordSkipped, recordSuccess } from './record.ts';
import { replayedContent } from './replay-claims.ts';
import type { RunResult, Stage } from './result.ts';
import type { Run } from './run.ts';
import type { RunContext, RunProgress } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { admitStage, loadStage, prepareStage } from './stages.ts';
import { reserve, startRun } from './start.ts';
import { prefixOf, runOwnerName } from './store-keys.ts';
import { planStage } from './transform-stage.ts';

/**
 * Runs one pipeline in this process: start, extract, transform, load, record. Never throws for what happens inside the
 * run: a failure is a result, logged in `etl_execution_log` as far as the target can be reached.
 *
 * Killed midway: the next call with the same source finds the run unfinished and finishes it under the same `run_id`;
 * batches in the ledger are not written again.
 */
export async function runPipeline(given: RunContext, demand: RunDemand): Promise<RunResult> {
  const ddl: string[] = [];
  let progress: RunProgress = { stage: 'start', rows: 0 };
  const context: RunContext = {
    ...given,
    target: { ...given.target, onDdl: (text: string) => ddl.push(text) },
    onProgress: (told) => {
      progress = told;
      given.onProgress?.(told);
    },
  };
  const runId = randomUUID();
  const startTime = context.target.retry.clock.now().toISOString();
  let run: Run = {
    run_id: runId,
    trigger: demand.trigger,
    start_time: startTime,
    resumed: false,
    repeated: false,
    epoch: 0,
  };
  let outcome: RunOutcome = {};
  let stage: Stage = 'start';
  let lease: KeptLease | undefined;
  const { durations, enter: time } = stageTimes(context.target.retry.clock);
  const enter = (next: Stage): void => {
    time(next);
    stage = next;
    context.onProgress?.({ stage, rows: 0 });
    // The last stage ends the lease, which no renewal should meet.
    lease?.tell(next === 'record' ? 'quiet' : undefined);
  };
  prepareDuckDb();
  try {
    const request = { holder: randomUUID(), runId, seconds: leaseSeconds, pid: process.pid };
    let reserved = await reserve(context, request);
    while ('skip' in reserved && demand.wait === true) {
      await context.target.retry.clock.sleep(waitPollMs, context.target.retry.signal);
      reserved = await reserve(context, request);
    }
    if ('skip' in reserved) return await recordSkipped(context, run, reserved.skip);
    lease = keepLease(context.target, reserved.lease, undefined, () => toldOf(progress));
    run = { ...run, epoch: reserved.lease.epoch };

    enter('extract');
    const start = await startRun(context, demand, reserved.lease, { runId, startTime });
    if ('skip' in start) return await recordSkipped(context, run, start.skip);
    run = start.run;
    const { endpoint } = context.target.where;
    await context.store.put(`${prefixOf(run)}/${runOwnerName}`, JSON.stringify({ endpoint }));
    let raw = await extractStage(context, run, {}, start.source);
    while (!raw.complete) raw = await extractStage(context, run, {}, start.source);
    if (demand.replay !== undefined) raw = replayedContent(raw, demand.replay.ids);
    outcome = { raw };

    enter('transform');
    const result = await planStage(context, run, raw);
    outcome = { raw, plan: result.plan };

    enter('load');
    await admitStage(context, run, result);
    const { table, warnings, wasEmpty } = await prepareStage(context, run, result);
    outcome = { raw, plan: result.plan, warnings };
    const loaded = await loadStage(context, run, result, { table, wasEmpty });
    outcome = { raw, plan: result.plan, warnings, loaded };
    const concluded = await concludeStage(context, run, result, table, loaded);

    enter('record');
    const history = { stages: durations(), ddl };
    const success = { raw, plan: result.plan, warnings, loaded, concluded, history };
    const recorded = await recordSuccess(context, run, success);
    // The transaction that logged the success has ended the lease.
    await lease.stop();
    lease = undefined;
    return recorded;
  } catch (error) {
    return await recordFailure(context, run, { ...outcome, history: { stages: durations(), ddl } }, stage, error);
  } finally {
    await lease?.release().catch(() => undefined);
  }
}

/** What a run's lease keeps of its progress. */
function toldOf({ of, rows, stage }: RunProgress): ToldProgress {
  return { stage, rows, of };
}

/** How long the stages of a run take, by a clock. */
function stageTimes(clock: Clock): {
  readonly enter: (stage: Stage) => void;
  /** Of those that were entered; of the last until now. */
  readonly durations: () => { readonly stage: Stage; readonly seconds: number }[];
} {
  const now = (): number => clock.now().getTime();
  const entered: { readonly stage: Stage; readonly at: number }[] = [{ stage: 'start', at: now() }];
  return {
    enter: (stage) => {
      entered.push({ stage, at: now() });
    },
    durations: () =>
      entered.map(({ at, stage }, index) => ({ stage, seconds: ((entered[index + 1]?.at ?? now()) - at) / 1000 })),
  };
}
