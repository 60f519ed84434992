import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setInterval } from 'node:timers';
import type { Sql } from '../dsql/connect.ts';
import { type RetryContext, withRetries } from '../dsql/retry.ts';

/** A holder that does not renew its lease within this time has died. */
const leaseSeconds = 60;
const renewEveryMs = 15_000;

/** Who holds a pipeline's lease, as stored in `etl_state.lease`. */
interface LeaseHolder {
  readonly holder: string;
  readonly run_id: string;
  readonly host: string;
  readonly pid: number;
  readonly expires_at: string;
}

export interface Lease {
  /** Ends it; another run may begin at once. */
  readonly release: () => Promise<void>;
  /** Set when the lease went to someone else. */
  readonly lost: () => boolean;
}

/** The lease, or the id of the run that holds it. */
export type LeaseOutcome = { readonly lease: Lease } | { readonly heldBy: string };

/**
 * Takes the pipeline's lease, so that one run works on it at a time. A lease whose time is over is taken over, and so is
 * one whose holder was a process of this machine that is gone: a killed run does not make the next one wait.
 */
export async function takeLease(
  sql: Sql,
  pipelineName: string,
  runId: string,
  retry: RetryContext,
): Promise<LeaseOutcome> {
  const holder = randomUUID();
  const document = (): string =>
    JSON.stringify({
      holder,
      run_id: runId,
      host: hostname(),
      pid: process.pid,
      expires_at: new Date(retry.clock.now().getTime() + leaseSeconds * 1000).toISOString(),
    } satisfies LeaseHolder);
  const take = async (dead: string): Promise<boolean> => {
    const rows = await withRetries(
      'Taking the lease',
      retry,
      async () =>
        await sql`
        INSERT INTO public.etl_state AS s (pipeline_name, lease, run_id)
        VALUES (${pipelineName}, ${document()}::text::jsonb, ${runId})
        ON CONFLICT (pipeline_name) DO UPDATE
           SET lease = EXCLUDED.lease, run_id = EXCLUDED.run_id, updated_at = CURRENT_TIMESTAMP
         WHERE s.lease IS NULL OR s.lease->>'holder' IN (${dead}, ${holder})
            OR (s.lease->>'expires_at')::timestamptz < ${retry.clock.now().toISOString()}
        RETURNING pipeline_name`,
    );
    return rows.length === 1;
  };
  if (!(await take(''))) {
    const present = await readHolder(sql, pipelineName);
    const gone = present !== undefined && present.host === hostname() && !isAlive(present.pid);
    if (present !== undefined && !(gone && (await take(present.holder)))) return { heldBy: present.run_id };
    if (present === undefined && !(await take(''))) return { heldBy: 'unknown' };
  }
  return { lease: keepLease(sql, pipelineName, holder, document) };
}

function keepLease(sql: Sql, pipelineName: string, holder: string, document: () => string): Lease {
  let lost = false;
  const timer = setInterval(() => {
    sql`UPDATE public.etl_state SET lease = ${document()}::text::jsonb
         WHERE pipeline_name = ${pipelineName} AND lease->>'holder' = ${holder}`.then(
      (result) => {
        lost ||= result.count === 0;
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
      await sql`UPDATE public.etl_state SET lease = NULL
                 WHERE pipeline_name = ${pipelineName} AND lease->>'holder' = ${holder}`;
    },
  };
}

async function readHolder(sql: Sql, pipelineName: string): Promise<LeaseHolder | undefined> {
  const rows = await sql<{ readonly lease: string | null }[]>`
    SELECT lease::text AS lease FROM public.etl_state WHERE pipeline_name = ${pipelineName}`;
  const text = rows[0]?.lease;
  return text === undefined || text === null ? undefined : (JSON.parse(text) as LeaseHolder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
