import { cleanNames } from '../column-name.ts';
import { findColumn } from '../find-column.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TransformRequest } from '../request.ts';

type AbsentRequest = Pick<TransformRequest, 'settings' | 'targetColumns'>;

/** Columns that the table has, the source has not, and for which the configuration has a default. */
export function absentColumns(
  { settings, targetColumns }: AbsentRequest,
  sourceNames: readonly string[],
): readonly string[] {
  if (sourceNames.length === 0) return [];
  const names = cleanNames(sourceNames, []);
  const all = sourceNames.map((sourceName, index) => ({ sourceName, name: names[index] ?? sourceName }));
  return Object.entries(settings.columns).flatMap(([name, setting]) => {
    if (typeof setting === 'string' || setting.default === undefined || findColumn(all, name) !== undefined) return [];
    return findColumn(targetColumns ?? [], setting.rename ?? name) === undefined ? [] : [name];
  });
}

/** The rows with these columns besides, in which none has a value. */
export function withAbsentColumns(request: AbsentRequest, raw: RawRows): RawRows {
  const names = absentColumns(
    request,
    raw.columns.map(({ sourceName }) => sourceName),
  );
  if (names.length === 0) return raw;
  const list = names.map((_, index) => `NULL::VARCHAR AS c${raw.columns.length + index}`);
  return {
    ...raw,
    relation: `(SELECT *, ${list.join(', ')} FROM ${raw.relation})`,
    columns: [...raw.columns, ...names.map((sourceName) => ({ sourceName, duckType: 'VARCHAR', absent: true }))],
  };
}
