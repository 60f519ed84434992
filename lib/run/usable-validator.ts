import { parseTableName, quoteTable } from '../dsql/identifier.ts';
import { runStatement } from '../dsql/target.ts';
import type { TargetTable } from '../load/target-table.ts';
import { hasWritesAfter } from '../state/run-history.ts';
import { detailsOfRun, type LoadedRun } from '../state/run-log.ts';
import type { KeptValidator } from './run.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { runDetailsSchema } from './run-details.ts';

/**
 * By what an API may be asked whether it has changed: only while nothing is known that could make an unchanged response
 * hold rows that the table does not. The run that loaded last has to have read all of it, into this table, by the same
 * plan; nobody has written to the table since, and it has as many rows as it was given.
 */
export async function usableValidator(
  { pipeline, target }: Pick<RunContext, 'pipeline' | 'target'>,
  demand: RunDemand,
  { latest, table }: { readonly latest: LoadedRun | undefined; readonly table: TargetTable | undefined },
): Promise<KeptValidator | undefined> {
  const isWhole = !demand.again && demand.range === undefined && demand.replay === undefined;
  if (!isWhole || pipeline.settings.source_type !== 'api' || latest === undefined || table === undefined)
    return undefined;
  const { sql } = target;
  const { target_table: targetTable } = pipeline.settings;
  const text = await runStatement('Reading the execution log', target, () => detailsOfRun(sql, latest.run_id));
  const validator = text === undefined ? undefined : runDetailsSchema.parse(JSON.parse(text)).validator;
  if (validator === undefined) return undefined;
  const of = { pipelineName: pipeline.name, targetTable };
  const written = await runStatement('Reading the execution log', target, () =>
    hasWritesAfter(sql, of, { runId: latest.run_id, since: validator.since }),
  );
  if (written) return undefined;
  // No more of the table is read than the response has rows.
  const [found] = await runStatement('Reading the table', target, () =>
    sql.unsafe<{ readonly rows: string }[]>(
      `SELECT count(*) AS rows FROM (SELECT 1 FROM ${quoteTable(parseTableName(targetTable))} LIMIT ${validator.rows}) AS first_rows`,
    ),
  );
  return Number(found?.rows) === validator.rows ? validator : undefined;
}
