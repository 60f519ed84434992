import type { Target } from '../../lib/dsql/target.ts';
import type { Fence } from '../../lib/state/fence.ts';
import { takeLease } from '../../lib/state/lease.ts';

/** Takes a pipeline's lease for a test that writes as a run of it would. */
export async function heldLease(target: Target, name: string): Promise<Fence> {
  const taken = await takeLease(target, { name, holder: `test of ${name}`, seconds: 3_600, pid: process.pid });
  if ('heldBy' in taken) throw new Error(`The lease of ${name} is held by ${taken.heldBy?.holder}.`);
  return taken.lease;
}
