import { defaultText } from '../../config/default-value.ts';
import { RepeatedColumnError } from '../errors.ts';
import { findColumn, type NamedColumn, unknownColumn } from '../find-column.ts';
import type { TransformRequest, TransformSettings } from '../request.ts';
import { madeColumns } from '../rules/made-columns.ts';
import type { SourceColumn } from './source-columns.ts';

/** What `columns` says of a column of the source. */
export interface DeclaredColumn {
  readonly type: string | undefined;
  readonly dateFormat: string | undefined;
  /** What a row without a value gets, as a source would write it. */
  readonly defaultText: string | undefined;
}

/**
 * What `columns` declares, by the columns' places in the source.
 *
 * @throws {UnknownColumnError} where neither the source nor the table has a declared column, and no rule makes it
 * @throws {RepeatedColumnError} where two names mean one column
 */
export function declaredColumns(
  { settings, targetColumns }: Pick<TransformRequest, 'settings' | 'targetColumns'>,
  named: readonly SourceColumn[],
): ReadonlyMap<number, DeclaredColumn> {
  const made = madeColumns(settings);
  const declared = new Map<number, DeclaredColumn>();
  for (const [name, setting] of Object.entries(settings.columns)) {
    const column = findColumn(named, name);
    const options = typeof setting === 'string' ? { type: setting } : setting;
    if (column === undefined) {
      const isKnown = options.drop === true || findColumn(targetColumns ?? [], options.rename ?? name) !== undefined;
      if (named.length > 0 && !made.has(name) && !isKnown) throw unknownColumn(settings.name, 'columns', name, named);
      continue;
    }
    if (declared.has(column.index)) {
      throw new RepeatedColumnError({ pipeline: settings.name, setting: 'columns', column: column.name });
    }
    const value = options.default ?? undefined;
    declared.set(column.index, {
      type: options.type,
      dateFormat: options.date_format,
      defaultText: value === undefined ? undefined : defaultText(value),
    });
  }
  return declared;
}

/** Whether rules alone see the column. */
export function isDropped({ columns }: TransformSettings, column: NamedColumn): boolean {
  return Object.entries(columns).some(
    ([name, setting]) =>
      typeof setting !== 'string' && setting.drop === true && findColumn([column], name) !== undefined,
  );
}

/**
 * Places of the columns in which a row needs a value: key columns always; besides, the required ones, `id` where nothing
 * else is said, and what `columns` requires.
 *
 * @throws {UnknownColumnError} where the source has no such column, and no rule makes it
 */
export function requiredColumns(
  settings: TransformSettings,
  named: readonly SourceColumn[],
  declared: ReadonlyMap<number, DeclaredColumn>,
): ReadonlySet<number> {
  const required = new Set<number>();
  const made = madeColumns(settings);
  const require = (setting: string, names: readonly string[]) => {
    for (const name of names) {
      const column = findColumn(named, name);
      if (column !== undefined) {
        required.add(column.index);
      } else if (named.length > 0 && !made.has(name)) {
        throw unknownColumn(settings.name, setting, name, named);
      }
    }
  };
  require('key_columns', settings.key_columns);
  require('required_columns', settings.required_columns ?? []);
  for (const [name, setting] of Object.entries(settings.columns)) {
    if (typeof setting !== 'string' && setting.required === true) {
      require('columns', [name]);
    }
  }
  if (settings.required_columns === undefined && settings.key_columns.length === 0) {
    const id = named.find((column) => column.name === 'id');
    if (id !== undefined && declared.get(id.index)?.defaultText === undefined) {
      required.add(id.index);
    }
  }
  return required;
}
