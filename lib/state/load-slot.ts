import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import { loadSlotPrefix } from '../service-names.ts';
import { dropLease, keepLease, type Lease, leaseSeconds, takeLease } from './lease.ts';

type SlotTarget = Pick<Target, 'sql' | 'retry'>;

/** Who asks for a slot. */
export interface LoadSlotRequest {
  /** How many there are: load functions that work at once, of all runs and services of the cluster. */
  readonly slots: number;
  /** The same when the call is repeated, which then gets the slot that it has already. */
  readonly holder: string;
  readonly runId: string;
  /** A slot whose holder was killed is free again after this time; 60 s unless a test says otherwise. */
  readonly seconds?: number;
}

/** Slots that are tried where others take them at the same time. */
const maxTries = 3;

/**
 * Takes one of the slots of load functions. They bound the connections of all of them together, in the cluster itself,
 * where every service sees them.
 *
 * @returns undefined where all are taken
 * Killed behind it: the slot is the holder's until its time is over.
 */
export async function takeLoadSlot(target: SlotTarget, request: LoadSlotRequest): Promise<Lease | undefined> {
  const { holder, runId, seconds = leaseSeconds, slots } = request;
  const taken = await withRetries(
    'Reading the load slots',
    target.retry,
    async () =>
      await target.sql<{ readonly name: string; readonly holder: string }[]>`
        SELECT pipeline_name AS name, lease->>'holder' AS holder FROM public.etl_state
         WHERE pipeline_name LIKE ${`${loadSlotPrefix}%`} AND (lease->>'expires_at')::timestamptz > CURRENT_TIMESTAMP`,
  );
  const own = taken.find((slot) => slot.holder === holder);
  const others = new Set(taken.filter((slot) => slot !== own).map(({ name }) => name));
  const start = Math.floor(target.retry.random() * slots);
  const free = Array.from({ length: slots }, (_, index) => `${loadSlotPrefix}${((start + index) % slots) + 1}`).filter(
    (name) => !others.has(name),
  );
  for (const name of own === undefined ? free.slice(0, maxTries) : [own.name]) {
    const slot = await takeLease(target, { name, holder, runId, seconds });
    if ('lease' in slot) return slot.lease;
  }
  return undefined;
}

/** Gives a slot back; one that cannot be given back is free when its time is over. Also for a run that was told to stop. */
export async function releaseLoadSlot(target: SlotTarget, slot: Lease): Promise<void> {
  await dropLease(target, slot).catch(() => undefined);
}

/**
 * Works in a slot, which is kept by renewals for as long as the work takes.
 *
 * @returns undefined where all slots are taken, and nothing was done
 * Killed midway: the slot is free again when it has not been renewed for its time, by the database's clock.
 */
export async function inLoadSlot<T>(
  target: SlotTarget,
  request: LoadSlotRequest,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const slot = await takeLoadSlot(target, request);
  if (slot === undefined) return undefined;
  const kept = keepLease(target, slot, () => releaseLoadSlot(target, slot));
  try {
    return await work();
  } finally {
    await kept.release();
  }
}
