import { parseTableName } from '../dsql/identifier.ts';
import type { TableDemand } from '../load/define-table.ts';
import type { Plan } from '../manifest.ts';
import type { RunContext } from './run-context.ts';

/** What the pipeline wants of its table. */
export function tableDemand(
  { pipeline }: Pick<RunContext, 'pipeline'>,
  plan: Plan,
): TableDemand & { readonly latestBy: string | undefined } {
  const { settings } = pipeline;
  return {
    name: parseTableName(settings.target_table),
    columns: plan.columns,
    keyColumns: plan.key_columns,
    loadMode: settings.load_mode,
    latestBy: plan.latest_by,
  };
}
