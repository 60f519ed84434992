import { hostname } from 'node:os';
import { setInterval } from 'node:timers';
import { z } from 'zod';
import type { Sql } from '../dsql/connect.ts';
import { type RetryContext, withRetries } from '../dsql/retry.ts';

/** A holder that does not renew its lease within this time has died. */
export const leaseSeconds = 60;
const renewEveryMs = 15_000;

/** Who holds a pipeline's lease, as stored in `etl_state.lease`. */
const holderSchema = z.object({
  holder: z.string(),
  run_id: z.string(),
  host: z.string(),
  /** The holder's process on that host; 0 where there is no process that stays. */
  pid: z.number(),
  expires_at: z.string(),
});
type LeaseHolder = z.infer<typeof holderSchema>;

export interface LeaseRequest {
  readonly pipelineName: string;
  /** Unique to this attempt of the run. */
  readonly holder: string;
  readonly runId: string;
  readonly seconds: number;
  /** Process to be watched, on this host; left out where none stays. */
  readonly pid?: number;
}

/**
 * Takes the pipeline's lease, so that one run works on it at a time, or renews it for the same holder. A lease whose time
 * is over is taken over, and so is one whose holder was a process of this machine that is gone: a killed run does not
 * make the next one wait.
 *
 * @returns undefined when taken, else the run that holds it
 */
export async function takeLease(
  sql: Sql,
  request: LeaseRequest,
  retry: RetryContext,
): Promise<{ readonly heldBy: string } | undefined> {
  const now = retry.clock.now();
  const lease: LeaseHolder = {
    holder: request.holder,
    run_id: request.runId,
    host: hostname(),
    pid: request.pid ?? 0,
    expires_at: new Date(now.getTime() + request.seconds * 1000).toISOString(),
  };
  const take = async (dead: string): Promise<boolean> => {
    const rows = await withRetries('Taking the lease', retry, async () => {
      return await sql`
        INSERT INTO public.etl_state AS s (pipeline_name, lease, run_id)
        VALUES (${request.pipelineName}, ${JSON.stringify(lease)}::text::jsonb, ${request.runId})
        ON CONFLICT (pipeline_name) DO UPDATE
           SET lease = EXCLUDED.lease, run_id = EXCLUDED.run_id, updated_at = CURRENT_TIMESTAMP
         WHERE s.lease IS NULL OR s.lease->>'holder' IN (${dead}, ${request.holder})
            OR (s.lease->>'expires_at')::timestamptz < ${now.toISOString()}
        RETURNING pipeline_name`;
    });
    return rows.length === 1;
  };
  if (await take('')) return undefined;
  const present = await readHolder(sql, request.pipelineName);
  const gone = present === undefined || (present.host === hostname() && present.pid > 0 && !isAlive(present.pid));
  if (gone && (await take(present?.holder ?? ''))) return undefined;
  return { heldBy: present?.run_id ?? 'unknown' };
}

/**
 * Renews the holder's lease where less than half of its time is left, and says whether it is still the holder's. Looking
 * first keeps functions that work side by side from conflicting on the row.
 *
 * @returns false when the lease went to another run
 */
export async function renewLease(sql: Sql, request: LeaseRequest, retry: RetryContext): Promise<boolean> {
  const present = await withRetries('Reading the lease', retry, () => readHolder(sql, request.pipelineName));
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

export interface KeptLease {
  /** Set when the lease went to someone else. */
  readonly lost: () => boolean;
  readonly release: () => Promise<void>;
}

/** Renews a lease that was taken, until it is released; for a process that stays. */
export function keepLease(sql: Sql, request: LeaseRequest, retry: RetryContext): KeptLease {
  let lost = false;
  const timer = setInterval(() => {
    takeLease(sql, request, retry).then(
      (outcome) => {
        lost ||= outcome !== undefined;
      },
      // A renewal that fails is tried again in time; when none gets through, the lease runs out and someone else takes it.
      () => undefined,
    );
  }, renewEveryMs);
  timer.unref();
  return {
    lost: () => lost,
    release: async () => {
      clearInterval(timer);
      await releaseLease(sql, request.pipelineName, request.holder);
    },
  };
}

async function readHolder(sql: Sql, pipelineName: string): Promise<LeaseHolder | undefined> {
  const rows = await sql<{ readonly lease: string | null }[]>`
    SELECT lease::text AS lease FROM public.etl_state WHERE pipeline_name = ${pipelineName}`;
  const text = rows[0]?.lease;
  return text === undefined || text === null ? undefined : holderSchema.parse(JSON.parse(text));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
