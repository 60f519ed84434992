import { hostname } from 'node:os';
import { clearInterval, setInterval } from 'node:timers';
import { z } from 'zod';
import type { Sql } from '../dsql/connect.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';

/** Who holds a lease, as stored in `etl_state.lease`. */
const holderSchema = z.object({
  holder: z.string(),
  run_id: z.string().optional(),
  host: z.string(),
  /** The holder's process on that host; 0 where there is no process that stays. */
  pid: z.number(),
  expires_at: z.string(),
});
export type LeaseHolder = z.infer<typeof holderSchema>;

type LeaseTarget = Pick<Target, 'sql' | 'retry'>;

/** A holder that does not renew its lease within this time has died; of processes that stay. */
export const leaseSeconds = 60;

/** A lease is a row of `etl_state`, of a pipeline or of a table whose schema is being changed. */
export interface LeaseRequest {
  /** The row's key. */
  readonly name: string;
  /** Unique to this attempt. */
  readonly holder: string;
  readonly runId?: string | undefined;
  /** A holder that does not renew its lease within this time has died. */
  readonly seconds: number;
  /** Process to be watched, on this host; left out, or 0, where none stays. */
  readonly pid?: number | undefined;
}

/**
 * Takes a lease, or renews it for the same holder. A lease whose time is over is taken over, and so is one whose holder
 * was a process of this machine that is gone: whoever was killed does not make the next one wait.
 *
 * @returns undefined when taken, else who holds it, as far as that can still be read
 */
export async function takeLease(
  { retry, sql }: LeaseTarget,
  request: LeaseRequest,
): Promise<{ readonly heldBy: LeaseHolder | undefined } | undefined> {
  const now = retry.clock.now();
  const lease: LeaseHolder = {
    holder: request.holder,
    ...(request.runId === undefined ? {} : { run_id: request.runId }),
    host: hostname(),
    pid: request.pid ?? 0,
    expires_at: new Date(now.getTime() + request.seconds * 1000).toISOString(),
  };
  const take = async (dead: string): Promise<boolean> => {
    const rows = await withRetries('Taking the lease', retry, async () => {
      return await sql`
        INSERT INTO public.etl_state AS s (pipeline_name, lease, run_id)
        VALUES (${request.name}, ${JSON.stringify(lease)}::text::jsonb, ${request.runId ?? null})
        ON CONFLICT (pipeline_name) DO UPDATE
           SET lease = EXCLUDED.lease, run_id = EXCLUDED.run_id, updated_at = CURRENT_TIMESTAMP
         WHERE s.lease IS NULL OR s.lease->>'holder' IN (${dead}, ${request.holder})
            OR (s.lease->>'expires_at')::timestamptz < ${now.toISOString()}
        RETURNING pipeline_name`;
    });
    return rows.length === 1;
  };
  if (await take('')) return undefined;
  const present = await withRetries('Reading the lease', retry, () => readHolder(sql, request.name));
  const gone = present === undefined || (present.host === hostname() && present.pid > 0 && !isAlive(present.pid));
  if (gone && (await take(present?.holder ?? ''))) return undefined;
  return { heldBy: present };
}

/** Who holds the lease now; undefined when nobody does. Its time may be over. */
export async function readHolder(sql: Sql, name: string): Promise<LeaseHolder | undefined> {
  const rows = await sql<{ readonly lease: string | null }[]>`
    SELECT lease::text AS lease FROM public.etl_state WHERE pipeline_name = ${name}`;
  const text = rows[0]?.lease;
  return text === undefined || text === null ? undefined : holderSchema.parse(JSON.parse(text));
}

/**
 * Renews the holder's lease where less than half of its time is left, and says whether it is still the holder's. Looking
 * first keeps functions that work side by side from conflicting on the row.
 *
 * @returns false when the lease went to another run
 */
export async function renewLease({ retry, sql }: LeaseTarget, request: LeaseRequest): Promise<boolean> {
  const present = await withRetries('Reading the lease', retry, () => readHolder(sql, request.name));
  const halfMs = (request.seconds * 1000) / 2;
  const mine = present?.holder === request.holder && present.run_id === request.runId;
  if (mine && Date.parse(present.expires_at) - retry.clock.now().getTime() > halfMs) return true;
  return (await takeLease({ retry, sql }, request)) === undefined;
}

/** Ends the holder's lease; another may take it at once. */
export async function releaseLease(sql: Sql, { holder, name }: Pick<LeaseRequest, 'holder' | 'name'>): Promise<void> {
  await sql`UPDATE public.etl_state SET lease = NULL
             WHERE pipeline_name = ${name} AND lease->>'holder' = ${holder}`;
}

/** The run for which this holder has the pipeline's lease; undefined when it has it not. */
export async function findLeased(sql: Sql, pipelineName: string, holder: string): Promise<string | undefined> {
  const present = await readHolder(sql, pipelineName);
  return present?.holder === holder ? present.run_id : undefined;
}

export interface KeptLease {
  /** Set when the lease went to someone else. */
  readonly lost: () => boolean;
  readonly release: () => Promise<void>;
}

/**
 * Renews a lease that was taken, four times within its time, until it is released.
 *
 * @param end  gives the lease back; called when no renewal is under way, which would take it anew
 */
export function keepLease(
  target: LeaseTarget,
  request: LeaseRequest,
  end: () => Promise<void> = () => releaseLease(target.sql, request),
): KeptLease {
  let lost = false;
  let renewal: Promise<void> = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      lost ||= (await takeLease(target, request)) !== undefined;
    } catch {
      // Tried again in time; when no renewal gets through, the lease runs out and someone else takes it.
    }
  };
  const everyMs = (request.seconds * 1000) / 4;
  const timer = setInterval(() => {
    renewal = renewal.then(renew);
  }, everyMs);
  timer.unref();
  return {
    lost: () => lost,
    release: async () => {
      clearInterval(timer);
      await renewal;
      await end();
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
