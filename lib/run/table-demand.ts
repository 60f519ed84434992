import { parseTableName } from '../dsql/identifier.ts';
import type { TableDemand } from '../load/define-table.ts';
import type { IndexDemand } from '../load/indexes.ts';
import type { CleanManifest } from '../manifest.ts';
import type { RunContext } from './request.ts';

/** What the pipeline wants of its table, with names as the clean columns have them. */
export function tableDemand(
  { pipeline }: RunContext,
  clean: CleanManifest,
): TableDemand & { readonly latestBy: string | undefined } {
  const { settings } = pipeline;
  return {
    name: parseTableName(settings.target_table),
    columns: clean.columns,
    keyColumns: settings.key_columns.map((key) => columnNameOf(key, clean)),
    loadMode: settings.load_mode,
    latestBy: settings.latest_by === undefined ? undefined : columnNameOf(settings.latest_by, clean),
  };
}

/** The indexes the pipeline wants, with names as the clean columns have them. */
export function indexDemands({ pipeline }: RunContext, clean: CleanManifest): readonly IndexDemand[] {
  return pipeline.settings.indexes.map((index) => ({
    columns: ('columns' in index ? index.columns : index).map((column) => columnNameOf(column, clean)),
    unique: 'columns' in index && index.unique,
  }));
}

/** A configured name is the target's, or the source's that became the target's. */
function columnNameOf(name: string, { columns }: CleanManifest): string {
  const column =
    columns.find((candidate) => candidate.name === name) ?? columns.find((candidate) => candidate.source_name === name);
  return column?.name ?? name;
}
