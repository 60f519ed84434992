import type { TransformSettings } from '../request.ts';
import { kindOf } from './rule-kinds.ts';

/** Names of columns that rules make, which the source need not have. */
export function madeColumns(settings: TransformSettings): ReadonlySet<string> {
  const made = settings.business_rules.map((rule) => kindOf(rule).column(rule));
  return new Set(made.flatMap((column) => (column?.isNew === true ? [column.name] : [])));
}
