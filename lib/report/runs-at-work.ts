import type { Statements } from '../dsql/sql.ts';
import type { BriefRun } from '../state/run-overview.ts';
import { readSigns } from '../state/run-signs.ts';

/** Those of some runs that the log calls running and that somebody is at work on. */
export async function runsAtWork(
  sql: Statements,
  runs: readonly Pick<BriefRun, 'run_id' | 'status'>[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const { run_id: id, status } of runs) {
    if (status === 'running' && (await readSigns(sql, id))?.alive === true) found.add(id);
  }
  return found;
}
