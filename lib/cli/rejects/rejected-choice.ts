import type { Sql } from '../../dsql/connect.ts';
import { requireRun } from '../../report/find-run.ts';
import type { RejectedChoice } from '../../state/rejected-rows.ts';
import { findLastRun } from '../../state/run-history.ts';

/** The rejected rows that a command means by a name: a pipeline's, else a run's. @throws {UnknownRunError} */
export async function choiceOf(
  sql: Sql,
  of: string | undefined,
  { all, reason }: { readonly all?: boolean | undefined; readonly reason?: string | undefined },
): Promise<RejectedChoice> {
  if (of === undefined) return { all, reason };
  if ((await findLastRun(sql, of)).length > 0) return { all, reason, pipelineName: of };
  const run = await requireRun(sql, of);
  return { all, reason, runId: run.run_id, pipelineName: run.pipeline_name };
}
