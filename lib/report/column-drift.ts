import { isDeepStrictEqual } from 'node:util';
import type { RunDetails } from '../run/run-details.ts';
import { columnType } from '../transform/infer/column-type.ts';

/** A column that a source has gained or lost since another run, or that now has another type. */
export interface ColumnDrift {
  readonly column: string;
  /** Null where the source did not have it. */
  readonly before: string | null;
  /** Null where the source no longer has it. */
  readonly after: string | null;
}

/** How the columns of a run differ from those of a run before; nothing where either has read no row that tells its columns. */
export function columnDrift(
  before: Pick<RunDetails, 'columns'> | undefined,
  after: Pick<RunDetails, 'columns'>,
): readonly ColumnDrift[] {
  if (before === undefined || before.columns.length === 0 || after.columns.length === 0) return [];
  const [old, now] = [before, after].map(({ columns }) => new Map(columns.map(({ name, type }) => [name, type])));
  const names = new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]);
  return [...names]
    .map((column) => ({ column, before: old?.get(column) ?? null, after: now?.get(column) ?? null }))
    .filter(({ after, before }) => !isSameType(before, after));
}

/** Whether two names are of one type, which the first run may have as it is declared and a later one as the catalog prints it. */
function isSameType(one: string | null, other: string | null): boolean {
  if (one === null || other === null || one === other) return one === other;
  const [a, b] = [columnType(one), columnType(other)];
  return a.kind !== 'other' && isDeepStrictEqual({ ...a, pg: '' }, { ...b, pg: '' });
}
