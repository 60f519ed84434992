import { hostname } from 'node:os';
import { z } from 'zod';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';
import { holderSchema, isAlive } from './lease.ts';

const signsSchema = holderSchema.extend({
  progress: z
    .object({ stage: z.string(), rows: z.number().optional(), of: z.number().optional() })
    .optional()
    .catch(undefined),
});

/** What a run that is under way shows of itself, by its lease. */
export interface RunSigns {
  /** Its lease lasts, by the database's clock, and its process is there where that can be seen from here. */
  readonly alive: boolean;
  /** When it last renewed its lease, and told how far it is; ISO 8601, UTC. */
  readonly seen: string;
  /** Who has the lease; in AWS the ARN of the execution. */
  readonly holder: string;
  /** Its process, where it runs on this machine. */
  readonly pid: number | undefined;
  /** How far it was then; undefined of a run that has not told it, or of a release that does not. */
  readonly progress:
    | { readonly stage: string; readonly rows?: number | undefined; readonly of?: number | undefined }
    | undefined;
}

/** The signs of a run; undefined where its epoch of the pipeline's lease is over: it has ended, or another run has taken over. */
export async function readSigns(sql: Statements, runId: string): Promise<RunSigns | undefined> {
  const [row] = await sql<{ readonly lease: string; readonly updated_at: string; readonly lasts: boolean }[]>`
    SELECT s.lease::text AS lease, s.updated_at,
           (s.lease->>'expires_at')::timestamptz >= CURRENT_TIMESTAMP AS lasts
      FROM public.etl_execution_log l JOIN public.etl_state s ON s.pipeline_name = l.pipeline_name
     WHERE l.run_id = ${runId} AND l.epoch = s.epoch AND s.lease IS NOT NULL`;
  if (row === undefined) return undefined;
  const { holder, host, pid, progress } = signsSchema.parse(JSON.parse(row.lease));
  const here = pid > 0 && host === hostname();
  return {
    alive: row.lasts && (!here || isAlive(pid)),
    seen: isoTimestamp(row.updated_at, timestamptz),
    holder,
    pid: here ? pid : undefined,
    progress,
  };
}
