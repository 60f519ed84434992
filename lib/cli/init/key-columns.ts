import type { Preview } from '../../preview/preview.ts';
import { idColumnOf } from '../../service-columns.ts';

/** Columns that are looked at for whether they identify a row, at most. */
const mostCandidates = 3;

/** Types of which values identify rows. */
const keyTypes = /^(bigint|integer|smallint|text|uuid|varchar|numeric\(\d+(,0)?\))/;

/** Columns of a source that by their names may identify a row: `id`, one named after the table, and others with `id` at the end. */
export function keyCandidates({ columns, target_table }: Pick<Preview, 'columns' | 'target_table'>): readonly string[] {
  const table = target_table.split('.').at(-1) ?? '';
  const singular = table.replace(/s$/, '');
  const rank = (name: string): number =>
    ['id', `${singular}_id`, `${table}_id`, 'uuid', 'guid', 'key'].indexOf(name) + 1 ||
    (/(_id|_no|_key)$/.test(name) ? 9 : 0);
  const id = idColumnOf(columns);
  return columns
    .filter(({ name, state, type }) => state !== 'gone' && name !== id && rank(name) > 0 && keyTypes.test(type))
    .map(({ name }) => name)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, mostCandidates);
}

/** Whether a preview with key columns has no row more that another one replaces, or that lacks a value, than one without. */
export function identifiesRows(without: Pick<Preview, 'counts'>, withKey: Pick<Preview, 'counts'>): boolean {
  return (
    without.counts.rows_clean > 0 &&
    withKey.counts.rows_deduplicated === without.counts.rows_deduplicated &&
    withKey.counts.rows_rejected === without.counts.rows_rejected
  );
}
