import { parseTableName } from '../dsql/identifier.ts';
import type { TableDemand } from '../load/define-table.ts';
import type { IndexDemand } from '../load/indexes.ts';
import type { CleanPlan } from '../manifest.ts';
import { nearest } from '../nearest.ts';
import { UnknownColumnError } from '../transform/errors.ts';
import { findColumn } from '../transform/rules/column-scope.ts';
import type { RunContext } from './request.ts';

/** What the pipeline wants of its table, with names as the clean columns have them. */
export function tableDemand(
  { pipeline }: RunContext,
  clean: CleanPlan,
): TableDemand & { readonly latestBy: string | undefined } {
  const { settings } = pipeline;
  return {
    name: parseTableName(settings.target_table),
    columns: clean.columns,
    keyColumns: settings.key_columns.map((key) => columnNameOf(pipeline.name, 'key_columns', key, clean)),
    loadMode: settings.load_mode,
    latestBy:
      settings.latest_by === undefined
        ? undefined
        : columnNameOf(pipeline.name, 'latest_by', settings.latest_by, clean),
  };
}

/** The indexes the pipeline wants, with names as the clean columns have them. */
export function indexDemands({ pipeline }: RunContext, clean: CleanPlan): readonly IndexDemand[] {
  return pipeline.settings.indexes.map((index) => ({
    columns: ('columns' in index ? index.columns : index).map((column) =>
      columnNameOf(pipeline.name, 'indexes', column, clean),
    ),
    unique: 'columns' in index && index.unique,
  }));
}

/** The target's name of a configured column. @throws {UnknownColumnError} when the source has none of that name */
function columnNameOf(pipeline: string, setting: string, name: string, { columns }: CleanPlan): string {
  const named = columns.map((column) => ({ name: column.name, sourceName: column.source_name }));
  const column = findColumn(named, name);
  // A source without rows may have no columns to look in.
  if (column !== undefined || columns.length <= serviceColumnCount) return column?.name ?? name;
  const known = named.map((one) => one.sourceName ?? one.name);
  throw new UnknownColumnError({ pipeline, setting, column: name, nearest: nearest(name, known), known });
}

/** `uuid_id` and `extracted_at`, which every clean manifest has. */
const serviceColumnCount = 2;
