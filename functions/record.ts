import { z } from 'zod';
import { runStatement } from '../lib/dsql/target.ts';
import { recordSkipped, recordSuccess } from '../lib/run/record.ts';
import type { RunResult } from '../lib/run/result.ts';
import type { Run } from '../lib/run/run.ts';
import type { RunContext } from '../lib/run/run-context.ts';
import { reserve, startRun } from '../lib/run/start.ts';
import { startObjectRun } from '../lib/run/start-object-run.ts';
import { prefixOf } from '../lib/run/store-keys.ts';
import { LeaseLostError } from '../lib/state/errors.ts';
import { releaseLease, renewLease } from '../lib/state/lease.ts';
import { isOver, rowsReadBefore, statusOfRun } from '../lib/state/run-log.ts';
import { InvalidInputError } from './runtime/errors.ts';
import { type Execution, executionSchema, inputSchema, stageShape } from './runtime/events.ts';
import { placeOf } from './runtime/execution-place.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { demandOf, takesObjects } from './runtime/pipeline-input.ts';
import { addRunMetrics, addSurprises } from './runtime/run-metrics.ts';
import { leaseSeconds, openService } from './runtime/service.ts';
import { loadedRows, requireManifest, requireRaw } from './runtime/stage-results.ts';

const service = openService();

const eventSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('start'), execution: executionSchema, input: z.unknown() }),
  z.strictObject({
    action: z.literal('success'),
    ...stageShape,
    conflict_retries: z.int().min(0),
    warnings: z.array(z.string()),
    rows_deleted: z.int().min(0),
    verified: z.string().nullable(),
  }),
]);

type SuccessEvent = Extract<z.infer<typeof eventSchema>, { action: 'success' }>;

/** What the state machine does next. Every key is always present, because JSONata fails on a missing one. */
interface Started {
  readonly next: 'go' | 'wait' | 'nothing';
  readonly run: Run | null;
  readonly reason: string | null;
}

/** Begins and ends runs: the log, the lease, and the check that the counts add up. */
export const handler = withMiddleware(eventSchema, async (event, _, signal): Promise<Started | RunSummary> => {
  if (event.action === 'success') return await succeed(event, signal);
  return await start(event.execution, event.input, signal);
});

async function start(execution: Execution, given: unknown, signal: AbortSignal): Promise<Started> {
  const parsed = inputSchema.safeParse(given);
  if (!parsed.success) {
    throw new InvalidInputError(
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; '),
    );
  }
  const input = parsed.data;
  const context = { ...service.contextFor(input, signal), execution: placeOf(service, execution) };
  const runId = input.run_id ?? execution.name;
  const request = { holder: execution.id, runId, seconds: leaseSeconds };
  const reserved = await reserve(context, request);
  if ('skip' in reserved && input.wait === true) return { next: 'wait', run: null, reason: reserved.skip.message };
  // The end of the run under way looks for objects that wait.
  if ('skip' in reserved && takesObjects(input)) return { next: 'nothing', run: null, reason: reserved.skip.message };
  if (!('skip' in reserved)) await requireNew(context, execution, runId);
  const demand = demandOf(input);
  const named = { runId, startTime: execution.start_time };
  const begun =
    'skip' in reserved
      ? reserved
      : takesObjects(input)
        ? await startObjectRun(context, demand, reserved.lease, named)
        : await startRun(context, demand, reserved.lease, named);
  if (begun === undefined) {
    await releaseLease(context.target, { name: input.pipeline, holder: execution.id });
    return { next: 'nothing', run: null, reason: 'No object waits that has anything to load.' };
  }
  if ('skip' in begun) {
    const skipped = {
      trigger: demand.trigger,
      start_time: execution.start_time,
      resumed: false,
      repeated: false,
      epoch: 0,
    };
    addRunMetrics(await recordSkipped(context, { run_id: runId, ...skipped }, begun.skip));
    await releaseLease(context.target, { name: input.pipeline, holder: execution.id });
    return { next: 'nothing', run: null, reason: begun.skip.message };
  }
  const owned = { ...request, runId: begun.run.run_id, name: input.pipeline, epoch: begun.run.epoch };
  if (!(await renewLease(context.target, owned))) throw new LeaseLostError(input.pipeline);
  return { next: 'go', run: begun.run, reason: null };
}

/**
 * A start that was thought dead and wakes behind the end of its run finds the pipeline free. Begun anew under its id, the
 * run would count as interrupted, and the next one would take back rows that the watermark has passed.
 */
async function requireNew({ pipeline, target }: RunContext, execution: Execution, runId: string): Promise<void> {
  if (!(await runStatement('Reading the execution log', target, () => isOver(target.sql, runId)))) return;
  await releaseLease(target, { name: pipeline.name, holder: execution.id });
  throw new InvalidInputError(
    `run_id: run ${runId} is over; start an execution of another name, or give another run_id`,
  );
}

/** The end of a run as the execution's output shows it. */
type RunSummary = Pick<RunResult, 'run_id' | 'pipeline_name' | 'status'> &
  Partial<Pick<RunResult, 'rows_read' | 'rows_filtered' | 'rows_deduplicated' | 'rows_rejected' | 'rows_loaded'>>;

async function succeed(event: SuccessEvent, signal: AbortSignal): Promise<RunSummary> {
  const { execution, input, run } = event;
  const context = { ...service.contextFor(input, signal), execution: placeOf(service, execution) };
  const { target } = context;
  const status = await runStatement('Reading the execution log', target, () => statusOfRun(target.sql, run.run_id));
  if (status === 'success') {
    // The call before this one got so far and was killed; what it left in the store goes now.
    await context.store.removeAll(prefixOf(run));
    await releaseLease(context.target, { name: input.pipeline, holder: execution.id });
    return { run_id: run.run_id, pipeline_name: input.pipeline, status: 'success' };
  }
  const lease = {
    holder: execution.id,
    runId: run.run_id,
    seconds: leaseSeconds,
    name: input.pipeline,
    epoch: run.epoch,
  };
  if (!(await renewLease(context.target, lease))) throw new LeaseLostError(input.pipeline);
  const before = await runStatement('Reading the execution log', target, () =>
    rowsReadBefore(target.sql, { ...run, pipeline_name: input.pipeline }),
  );
  const result = await recordSuccess(context, run, await outcomeOf(context, event));
  await releaseLease(context.target, { name: input.pipeline, holder: execution.id });
  addRunMetrics(result);
  addSurprises(result, before, service.config.deploy.alarms.rejected_ratio);
  const { pipeline_name, rows_deduplicated, rows_filtered, rows_loaded, rows_read, rows_rejected, run_id } = result;
  return {
    run_id,
    pipeline_name,
    status: result.status,
    rows_read,
    rows_filtered,
    rows_deduplicated,
    rows_rejected,
    rows_loaded,
  };
}

async function outcomeOf(context: RunContext, event: SuccessEvent): Promise<Parameters<typeof recordSuccess>[2]> {
  const { conflict_retries, rows_deleted, run, verified, warnings } = event;
  return {
    raw: await requireRaw(context, run),
    plan: await requireManifest(context, run),
    loaded: { ...(await loadedRows(context, run)), conflict_retries },
    concluded: { rows_deleted, verified },
    warnings,
  };
}
