import { hostname } from 'node:os';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { z } from 'zod';
import type { Sql, Transaction } from '../dsql/connect.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import { LeaseLostError } from './errors.ts';
import { endFence, type Fence, openFence } from './fence.ts';

type LeaseTarget = Pick<Target, 'sql' | 'retry'>;

/** Who holds a lease, as stored in `etl_state.lease`. */
export const holderSchema = z.object({
  holder: z.string(),
  run_id: z.string().optional(),
  host: z.string(),
  /** The holder's process on that host; 0 where there is no process that stays. */
  pid: z.number(),
  expires_at: z.string(),
});
export type LeaseHolder = z.infer<typeof holderSchema>;

/** A holder that does not renew its lease within this time has died; of processes that stay. */
export const leaseSeconds = 60;

/** Who asks for a lease: of a pipeline, or of a table whose schema is being changed. */
export interface LeaseRequest {
  /** The key of its row in `etl_state`. */
  readonly name: string;
  /** Unique to this attempt. */
  readonly holder: string;
  readonly runId?: string | undefined;
  /** A holder that does not renew its lease within this time has died. */
  readonly seconds: number;
  /** Process to be watched, on this host; left out, or 0, where none stays. */
  readonly pid?: number | undefined;
}

/** A lease that was taken. */
export interface Lease extends LeaseRequest, Fence {}

/** How far a run is. Its lease keeps it for whoever looks, written with renewals, so that no batch writes more for it. */
export interface ToldProgress {
  readonly stage: string;
  readonly rows?: number | undefined;
  readonly of?: number | undefined;
}

/** A stage that is over sooner is not told. */
const tellAfterMs = 1_000;

/**
 * Takes a lease and begins a new epoch of it: what the holder before still sends cannot commit any more. A lease whose time
 * is over, by the database's clock, is taken over, and so is one whose holder was a process of this machine that is gone:
 * whoever was killed does not make the next one wait.
 *
 * @returns the lease, or who holds it, as far as that can still be read
 */
export async function takeLease(
  target: LeaseTarget,
  request: LeaseRequest,
): Promise<{ readonly lease: Lease } | { readonly heldBy: LeaseHolder | undefined }> {
  const { retry, sql } = target;
  const lease = await take(target, request, '');
  if (lease !== undefined) return { lease };
  const present = await withRetries('Reading the lease', retry, () => readHolder(sql, request.name));
  const gone = present === undefined || (present.host === hostname() && present.pid > 0 && !isAlive(present.pid));
  const second = gone ? await take(target, request, present?.holder ?? '') : undefined;
  return second === undefined ? { heldBy: present } : { lease: second };
}

/** @param dead  a holder that is known to be gone */
async function take({ retry, sql }: LeaseTarget, request: LeaseRequest, dead: string): Promise<Lease | undefined> {
  const holder = { holder: request.holder, run_id: request.runId, host: hostname(), pid: request.pid ?? 0 };
  return await withRetries('Taking the lease', retry, () =>
    sql.begin(async (transaction) => {
      // An epoch is the time of its beginning, so that it grows even where somebody has deleted the row before.
      const [taken] = await transaction<{ readonly epoch: string }[]>`
        INSERT INTO public.etl_state AS s (pipeline_name, lease, run_id, epoch)
        VALUES (${request.name},
                ${JSON.stringify(holder)}::text::jsonb
                  || jsonb_build_object('expires_at', CURRENT_TIMESTAMP + ${request.seconds}::double precision * interval '1 second'),
                ${request.runId ?? null}, (extract(epoch FROM CURRENT_TIMESTAMP) * 1000)::bigint)
        ON CONFLICT (pipeline_name) DO UPDATE
           SET lease = EXCLUDED.lease, run_id = EXCLUDED.run_id, updated_at = CURRENT_TIMESTAMP,
               epoch = GREATEST(EXCLUDED.epoch, s.epoch + 1)
         WHERE s.lease IS NULL OR s.lease->>'holder' IN (${dead}, ${request.holder})
            OR (s.lease->>'expires_at')::timestamptz < CURRENT_TIMESTAMP
        RETURNING epoch`;
      if (taken === undefined) return undefined;
      const lease = { ...request, epoch: Number(taken.epoch) };
      await openFence(transaction, lease);
      return lease;
    }),
  );
}

/** Who holds the lease now; undefined when nobody does. Its time may be over. */
async function readHolder(sql: Sql, name: string): Promise<LeaseHolder | undefined> {
  const rows = await sql<{ readonly lease: string | null }[]>`
    SELECT lease::text AS lease FROM public.etl_state WHERE pipeline_name = ${name}`;
  const text = rows[0]?.lease;
  return text === undefined || text === null ? undefined : holderSchema.parse(JSON.parse(text));
}

/**
 * Renews a lease where less than half of its time is left or its run has come to another stage, and says whether it is
 * still the holder's. Looking first keeps functions that work side by side from conflicting on the row. A lease that is
 * gone is not taken anew.
 *
 * @returns false when the lease was taken over or has ended
 */
export async function renewLease({ retry, sql }: LeaseTarget, lease: Lease, told?: ToldProgress): Promise<boolean> {
  const [present] = await withRetries(
    'Reading the lease',
    retry,
    async () =>
      await sql<{ readonly fresh: boolean }[]>`
        SELECT lease->>'run_id' IS NOT DISTINCT FROM ${lease.runId ?? null}::text
               AND COALESCE(lease->'progress'->>'stage' = ${told?.stage ?? null}::text, ${told === undefined}::boolean)
               AND (lease->>'expires_at')::timestamptz
                 > CURRENT_TIMESTAMP + ${lease.seconds}::double precision * interval '0.5 second' AS fresh
          FROM public.etl_state
         WHERE pipeline_name = ${lease.name} AND lease->>'holder' = ${lease.holder} AND epoch = ${lease.epoch}`,
  );
  if (present === undefined) return false;
  return present.fresh || (await prolong({ retry, sql }, lease, told));
}

async function prolong({ retry, sql }: LeaseTarget, lease: Lease, told: ToldProgress | undefined): Promise<boolean> {
  const more = { run_id: lease.runId, progress: told };
  const renewed = await withRetries(
    'Renewing the lease',
    retry,
    async () =>
      await sql`
        UPDATE public.etl_state
           SET updated_at = CURRENT_TIMESTAMP, run_id = ${lease.runId ?? null},
               lease = lease || ${JSON.stringify(more)}::text::jsonb
                 || jsonb_build_object('expires_at', CURRENT_TIMESTAMP + ${lease.seconds}::double precision * interval '1 second')
         WHERE pipeline_name = ${lease.name} AND lease->>'holder' = ${lease.holder} AND epoch = ${lease.epoch}
        RETURNING pipeline_name`,
  );
  return renewed.length === 1;
}

/** Ends a run's lease in its last transaction. @throws {LeaseLostError} when it has ended before; nothing must commit */
export async function endLease(transaction: Transaction, fence: Fence): Promise<void> {
  const [ended] = await Promise.all([
    endFence(transaction, fence),
    transaction`UPDATE public.etl_state SET lease = NULL WHERE pipeline_name = ${fence.name} AND epoch = ${fence.epoch}`,
  ]);
  if (!ended) throw new LeaseLostError(fence.name);
}

/** Ends the holder's lease, whichever epoch it is in; another may take it at once. Nothing happens where it has it not. */
export async function releaseLease(
  { retry, sql }: LeaseTarget,
  { holder, name }: Pick<LeaseRequest, 'holder' | 'name'>,
): Promise<void> {
  await withRetries('Releasing the lease', retry, () =>
    sql.begin(async (transaction) => {
      const [ended] = await transaction<{ readonly epoch: string }[]>`
        UPDATE public.etl_state SET lease = NULL
         WHERE pipeline_name = ${name} AND lease->>'holder' = ${holder} RETURNING epoch`;
      if (ended !== undefined) await endFence(transaction, { name, epoch: Number(ended.epoch) });
    }),
  );
}

/** The run for which this holder has the pipeline's lease, and since which epoch; undefined when it has it not. */
export async function findLeased(
  sql: Sql,
  name: string,
  holder: string,
): Promise<{ readonly runId: string | undefined; readonly epoch: number } | undefined> {
  const [row] = await sql<{ readonly run_id: string | null; readonly epoch: string | null }[]>`
    SELECT lease->>'run_id' AS run_id, epoch FROM public.etl_state
     WHERE pipeline_name = ${name} AND lease->>'holder' = ${holder}`;
  return row === undefined ? undefined : { runId: row.run_id ?? undefined, epoch: Number(row.epoch ?? 0) };
}

/** Whether somebody holds a lease now, by the database's clock. */
export async function isLeased(sql: Sql, name: string): Promise<boolean> {
  const rows = await sql`
    SELECT 1 FROM public.etl_state
     WHERE pipeline_name = ${name} AND (lease->>'expires_at')::timestamptz >= CURRENT_TIMESTAMP`;
  return rows.length > 0;
}

export interface KeptLease {
  readonly lease: Lease;
  /** Set when the lease went to someone else. */
  readonly lost: () => boolean;
  /** Another stage has begun: it is told soon, unless one more begins before; `quiet` for a stage that is not told. */
  readonly tell: (how?: 'quiet') => void;
  /** Renews it no more; for a lease that has been ended. */
  readonly stop: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/**
 * Renews a lease that was taken, four times within its time, until it is released.
 *
 * @param end  gives the lease back; called when no renewal is under way
 * @param progress  how far its run is
 */
export function keepLease(
  target: LeaseTarget,
  lease: Lease,
  end: () => Promise<void> = () => releaseLease(unstopped(target), lease),
  progress: () => ToldProgress | undefined = () => undefined,
): KeptLease {
  let lost = false;
  let renewal: Promise<void> = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      lost ||= !(await prolong(target, lease, progress()));
    } catch {
      // Tried again in time; when no renewal gets through, the lease runs out and someone else takes it.
    }
  };
  const renewNext = (): void => {
    renewal = renewal.then(renew);
  };
  const timer = setInterval(renewNext, (lease.seconds * 1000) / 4);
  timer.unref();
  let soon: NodeJS.Timeout | undefined;
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    clearTimeout(soon);
    await renewal;
  };
  return {
    lease,
    lost: () => lost,
    tell: (how) => {
      clearTimeout(soon);
      soon = how === 'quiet' ? undefined : setTimeout(renewNext, tellAfterMs).unref();
    },
    stop,
    release: async () => {
      await stop();
      await end();
    },
  };
}

/**
 * Ends a lease that is no pipeline's and takes its rows away, so that `etl_state` keeps nothing but pipelines; also for a
 * run that was told to stop.
 */
export async function dropLease(target: LeaseTarget, { epoch, holder, name }: Lease): Promise<void> {
  const { retry, sql } = unstopped(target);
  await withRetries('Releasing the lease', retry, () =>
    sql.begin(async (transaction) => {
      await Promise.all([
        transaction`DELETE FROM public.etl_state WHERE pipeline_name = ${name} AND lease->>'holder' = ${holder}`,
        endFence(transaction, { name, epoch }),
      ]);
    }),
  );
}

/** The same target for what is to be done also by a run that was told to stop. */
export function unstopped({ retry, sql }: LeaseTarget): LeaseTarget {
  return { sql, retry: { ...retry, signal: undefined } };
}

/** Whether a process of this machine is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
