import { parseTableName } from '../dsql/identifier.ts';
import type { TableDemand } from '../load/define-table.ts';
import type { IndexDemand } from '../load/indexes.ts';
import type { Plan } from '../manifest.ts';
import { nearest } from '../nearest.ts';
import { RepeatedColumnError, UnknownColumnError } from '../transform/errors.ts';
import { findColumn } from '../transform/rules/column-scope.ts';
import type { RunContext } from './request.ts';

/** What the pipeline wants of its table, with names as the clean columns have them. */
export function tableDemand(
  { pipeline }: RunContext,
  plan: Plan,
): TableDemand & { readonly latestBy: string | undefined } {
  const { settings } = pipeline;
  return {
    name: parseTableName(settings.target_table),
    columns: plan.columns,
    keyColumns: columnNamesOf(pipeline.name, 'key_columns', settings.key_columns, plan),
    loadMode: settings.load_mode,
    latestBy:
      settings.latest_by === undefined ? undefined : columnNameOf(pipeline.name, 'latest_by', settings.latest_by, plan),
  };
}

/** The indexes the pipeline wants, with names as the clean columns have them. */
export function indexDemands({ pipeline }: RunContext, plan: Plan): readonly IndexDemand[] {
  return pipeline.settings.indexes.map((index) => ({
    columns: columnNamesOf(pipeline.name, 'indexes', 'columns' in index ? index.columns : index, plan),
    unique: 'columns' in index && index.unique,
  }));
}

/** The target's names of configured columns. @throws {RepeatedColumnError} when two of them mean the same column */
function columnNamesOf(pipeline: string, setting: string, names: readonly string[], plan: Plan): readonly string[] {
  const found = names.map((name) => columnNameOf(pipeline, setting, name, plan));
  const twice = found.find((column, at) => found.indexOf(column) !== at);
  if (twice !== undefined) throw new RepeatedColumnError({ pipeline, setting, column: twice });
  return found;
}

/** The target's name of a configured column. @throws {UnknownColumnError} when the source has none of that name */
function columnNameOf(pipeline: string, setting: string, name: string, { columns }: Plan): string {
  const named = columns.map((column) => ({ name: column.name, sourceName: column.source_name }));
  const column = findColumn(named, name);
  // A source without rows may have no columns to look in.
  if (column !== undefined || columns.length <= serviceColumnCount) return column?.name ?? name;
  const known = named.map((one) => one.sourceName ?? one.name);
  throw new UnknownColumnError({ pipeline, setting, column: name, nearest: nearest(name, known), known });
}

/** `uuid_id` and `extracted_at`, which every plan manifest has. */
const serviceColumnCount = 2;
