import { loadModeTraits } from '../config/load-mode.ts';
import { parseTableName } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import { fingerprintSource } from '../extract/extract.ts';
import type { SourceFingerprint } from '../extract/request.ts';
import { describeTable, type TargetTable } from '../load/target-table.ts';
import { findLoaded, findUnfinished, type LoadedRun, type LoggedRun } from '../state/run-log.ts';
import { lookupsOf } from '../transform/rules/rule-kinds.ts';
import { planFingerprint } from './plan-fingerprint.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';

/** What the log of the target says of earlier runs of a pipeline. */
export interface LookBack {
  readonly source: SourceFingerprint | undefined;
  readonly table: TargetTable | undefined;
  /** Fingerprint of what this run would do with its source. */
  readonly plan: string;
  /** Rows that come twice are in the table twice. */
  readonly adds: boolean;
  /** Under the same plan rows without a key come under the ids that they have, and are compared where they are. */
  readonly comparable: boolean;
  /** Runs that were killed or failed and that nobody has closed, newest first. */
  readonly unfinished: readonly LoggedRun[];
  /** Runs that have loaded the same content into this table, newest first. */
  readonly same: readonly LoadedRun[];
  /** The run that loaded last, where the table holds what this run's plan makes of what it read. */
  readonly latest: LoadedRun | undefined;
  /** Why a run would do nothing. */
  readonly skip: { readonly code: 'already_loaded'; readonly message: string } | undefined;
}

/**
 * Reads what earlier runs have left; writes nothing.
 *
 * @throws what reading the source's files throws: missing, unreadable
 */
export async function lookBack(
  context: RunContext,
  demand: Pick<RunDemand, 'again' | 'range' | 'replay'>,
): Promise<LookBack> {
  const { pipeline } = context;
  const { sql } = context.target;
  const name = pipeline.settings.target_table;
  const read = <T>(what: string, work: () => Promise<T>): Promise<T> => runStatement(what, context.target, work);
  const [source, [table, unfinished]] = await Promise.all([
    fingerprintSource(context),
    read('Reading the catalog', () =>
      sql.together((statements) =>
        Promise.all([describeTable(statements, parseTableName(name)), findUnfinished(statements, pipeline.name, name)]),
      ),
    ),
  ]);
  const loaded =
    table === undefined
      ? []
      : await read('Reading the execution log', () => findLoaded(sql, pipeline.name, { name, id: table.id }));
  const plan = planFingerprint(pipeline.settings, demand.range);
  const adds = !loadModeTraits[pipeline.settings.load_mode].repeatsAreHarmless;
  const same = loaded.filter(
    (run) => demand.replay === undefined && source !== undefined && run.source_fingerprint === source.fingerprint,
  );
  const comparable =
    table?.ours === true &&
    pipeline.settings.key_columns.length === 0 &&
    same.every((run) => run.plan_fingerprint === plan);
  // What is looked up may have changed though the source has not.
  const looksUp = lookupsOf(pipeline.settings.business_rules).length > 0;
  // What the table holds is what came last; where rows are only added, whatever came.
  const latest =
    loaded[0]?.plan_fingerprint === plan && !unfinished.some((run) => run.batches > 0) && !looksUp
      ? loaded[0]
      : undefined;
  const newest = same.find((run) => run === latest);
  const present = demand.again ? undefined : adds ? same[0] : newest;
  const skip =
    present === undefined
      ? undefined
      : {
          code: 'already_loaded' as const,
          message: `The same content was loaded by run ${present.run_id} at ${present.start_time}. Use --again to load it again.`,
        };
  return { source, table, plan, adds, comparable, unfinished, same, latest, skip };
}
