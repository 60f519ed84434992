import type { Sql } from '../dsql/connect.ts';
import { type RetryContext, withRetries } from '../dsql/retry.ts';
import * as leases from '../load/lease.ts';

export type { KeptLease } from '../load/lease.ts';

/** A holder that does not renew its lease within this time has died. */
export const leaseSeconds = 60;

/** A pipeline's lease, so that one run works on it at a time. */
export interface LeaseRequest extends Omit<leases.LeaseRequest, 'name'> {
  readonly pipelineName: string;
  readonly runId: string;
}

/**
 * Takes the pipeline's lease, or renews it for the same holder.
 *
 * @returns undefined when taken, else the run that holds it
 */
export async function takeLease(
  sql: Sql,
  request: LeaseRequest,
  retry: RetryContext,
): Promise<{ readonly heldBy: string } | undefined> {
  const held = await leases.takeLease(sql, named(request), retry);
  return held === undefined ? undefined : { heldBy: held.heldBy?.run_id ?? 'unknown' };
}

/**
 * Renews the holder's lease where less than half of its time is left, and says whether it is still the holder's. Looking
 * first keeps functions that work side by side from conflicting on the row.
 *
 * @returns false when the lease went to another run
 */
export async function renewLease(sql: Sql, request: LeaseRequest, retry: RetryContext): Promise<boolean> {
  const present = await withRetries('Reading the lease', retry, () => leases.readHolder(sql, request.pipelineName));
  const halfMs = (request.seconds * 1000) / 2;
  const mine = present?.holder === request.holder && present.run_id === request.runId;
  if (mine && Date.parse(present.expires_at) - retry.clock.now().getTime() > halfMs) return true;
  return (await takeLease(sql, request, retry)) === undefined;
}

/** Ends the holder's lease; another run may begin at once. */
export async function releaseLease(sql: Sql, pipelineName: string, holder: string): Promise<void> {
  await sql`UPDATE public.etl_state SET lease = NULL
             WHERE pipeline_name = ${pipelineName} AND lease->>'holder' = ${holder}`;
}

/** Renews a lease that was taken, until it is released; for a process that stays. */
export function keepLease(sql: Sql, request: LeaseRequest, retry: RetryContext): leases.KeptLease {
  return leases.keepLease(sql, named(request), retry, () => releaseLease(sql, request.pipelineName, request.holder));
}

function named({ pipelineName, ...lease }: LeaseRequest): leases.LeaseRequest {
  return { ...lease, name: pipelineName };
}
