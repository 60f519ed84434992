import { withAbsentColumns } from '../transform/clean/absent-columns.ts';
import type { RawColumn, RawRows } from '../transform/read/raw-rows.ts';
import { withPartColumns } from '../transform/read/source-column.ts';
import type { ScatterJob } from './job.ts';

/** The columns of the source, then those that its parts add, then those that only the table has. */
export function allColumns(
  request: ScatterJob['request'],
  kind: RawRows['kind'],
  own: RawRows['columns'],
): RawColumn[] {
  const rows: RawRows = { kind, relation: '', columns: own, rows: 0, parts: [] };
  const { columns } = withAbsentColumns(request, withPartColumns(rows, [], request.raw.parts));
  return columns.map(({ absent, duckType, sourceName }) => ({
    sourceName,
    duckType,
    ...(absent === true ? { absent } : {}),
  }));
}
