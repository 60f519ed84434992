import type { Statements } from '../dsql/sql.ts';
import { TerminalError } from '../errors.ts';
import { findLastRun, findRuns, type PastRun } from '../state/run-history.ts';

/** A command names a run that the log has not, or more than one. */
export class UnknownRunError extends TerminalError {
  override readonly name = 'UnknownRunError';
  readonly code = 'unknown_run';

  constructor(named: string | undefined, found: readonly string[]) {
    super(
      named === undefined
        ? 'There is no run yet.'
        : found.length === 0
          ? `No run begins with ${named}. See them with: etl runs`
          : `${named} is the beginning of several runs (${found.join(', ')}, …). Give more of the id.`,
    );
  }
}

/** The run with this id, or whose id alone begins so; the last run of all where none is named. @throws {UnknownRunError} */
export async function requireRun(sql: Statements, named: string | undefined): Promise<PastRun> {
  const runs = named === undefined ? await findLastRun(sql, undefined) : await findRuns(sql, named);
  const [run] = runs;
  if (run !== undefined && runs.length === 1) return run;
  throw new UnknownRunError(
    named,
    runs.map(({ run_id }) => run_id),
  );
}
