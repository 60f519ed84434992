import { findColumn } from '../find-column.ts';
import type { RawRows } from '../read/raw-rows.ts';
import type { TransformRequest } from '../request.ts';
import type { KeptColumn } from '../result/rejected.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import { sourceColumns } from './source-columns.ts';

/** What rejected rows are kept with: the columns that are taken, without the values that rules hide. */
export function keptColumns(request: TransformRequest, { columns }: Pick<RawRows, 'columns'>): readonly KeptColumn[] {
  const taken = sourceColumns(
    request,
    columns.map(({ sourceName }) => sourceName),
  ).columns;
  const masks = request.settings.business_rules.flatMap((rule, at) => kindOf(rule).hides?.(rule, at + 1) ?? []);
  return taken.map((column) => {
    const own = masks.filter((mask) => findColumn(taken, mask.column) === column).map(({ hidden }) => hidden);
    const hidden = (text: string): string => own.reduce((sql, hide) => hide(sql), text);
    return { index: column.index, hidden: own.length === 0 ? undefined : hidden };
  });
}
