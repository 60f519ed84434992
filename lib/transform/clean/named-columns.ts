import type { Plan } from '../../manifest.ts';
import { RepeatedColumnError } from '../errors.ts';
import { findColumn, type NamedColumn, unknownColumn } from '../find-column.ts';
import type { TransformSettings } from '../request.ts';

/** Columns that settings of the load name, as the target names them. */
export type NamedColumns = Pick<Plan, 'indexes' | 'key_columns' | 'latest_by'>;

/**
 * Finds the columns that settings of the load name, by the names that they have in the target. Where the source has told
 * no columns, nothing can be looked up, and the names stay as they are configured.
 *
 * @param columns  those of the source and of rules
 * @param service  names of columns that the service adds to every row; an index may be of them
 * @throws {UnknownColumnError} when there is no column of a name
 * @throws {RepeatedColumnError} when two names of one list mean the same column
 */
export function resolveColumns<T extends NamedColumn>(
  settings: TransformSettings,
  columns: readonly T[],
  service: readonly string[],
): NamedColumns {
  const all: readonly NamedColumn[] = [...columns, ...service.map((name) => ({ name }))];
  const one = (setting: string, name: string, known: readonly NamedColumn[] = columns): string => {
    const column = findColumn(known, name);
    if (column === undefined && columns.length > 0) throw unknownColumn(settings.name, setting, name, known);
    return column?.name ?? name;
  };
  const list = (setting: string, names: readonly string[], known?: readonly NamedColumn[]): string[] => {
    const found = names.map((name) => one(setting, name, known));
    const twice = found.find((column, at) => found.indexOf(column) !== at);
    if (twice !== undefined) throw new RepeatedColumnError({ pipeline: settings.name, setting, column: twice });
    return found;
  };
  return {
    key_columns: list('key_columns', settings.key_columns),
    latest_by: settings.latest_by === undefined ? undefined : one('latest_by', settings.latest_by),
    indexes: settings.indexes.map((index) => ({
      columns: list('indexes', 'columns' in index ? index.columns : index, all),
      unique: 'columns' in index && index.unique,
    })),
  };
}
