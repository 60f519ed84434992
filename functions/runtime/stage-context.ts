import { LeaseLostError } from '../../lib/run/errors.ts';
import type { Run, RunContext } from '../../lib/run/request.ts';
import { renewLease } from '../../lib/state/lease.ts';
import type { Execution, Input } from './events.ts';
import { leaseSeconds, type Service } from './service.ts';

/**
 * The context of a stage whose run still holds its pipeline's lease, which is renewed here.
 *
 * @throws {LeaseLostError} when another run has taken over; this one must not write any more
 */
export async function holdStage(
  service: Service,
  event: { readonly execution: Execution; readonly input: Input; readonly run: Pick<Run, 'run_id'> },
  signal?: AbortSignal,
): Promise<RunContext> {
  const context = service.contextFor(event.input, signal);
  const lease = {
    name: event.input.pipeline,
    holder: event.execution.id,
    runId: event.run.run_id,
    seconds: leaseSeconds,
  };
  if (!(await renewLease(context.target, lease))) throw new LeaseLostError(event.input.pipeline);
  return context;
}
