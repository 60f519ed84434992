import type { Stage } from '../../lib/run/result.ts';
import type { Run } from '../../lib/run/run.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { LeaseLostError } from '../../lib/state/errors.ts';
import { renewLease } from '../../lib/state/lease.ts';
import type { Execution, Input } from './events.ts';
import { leaseSeconds, type Service } from './service.ts';

/**
 * The context of a stage whose run still holds its pipeline's lease, which is renewed here and tells the stage.
 *
 * @throws {LeaseLostError} when another run has taken over; this one must not write any more
 */
export async function holdStage(
  service: Service,
  stage: Stage,
  event: { readonly execution: Execution; readonly input: Input; readonly run: Pick<Run, 'run_id' | 'epoch'> },
  signal?: AbortSignal,
): Promise<RunContext> {
  const context = service.contextFor(event.input, signal);
  const lease = {
    name: event.input.pipeline,
    holder: event.execution.id,
    runId: event.run.run_id,
    seconds: leaseSeconds,
    epoch: event.run.epoch,
  };
  if (!(await renewLease(context.target, lease, { stage }))) throw new LeaseLostError(event.input.pipeline);
  return context;
}
