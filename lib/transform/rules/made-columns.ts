import type { TransformSettings } from '../request.ts';
import { madeBy } from './rule-kinds.ts';

/** Names of columns that rules make, which the source need not have. */
export function madeColumns({ business_rules }: TransformSettings): ReadonlySet<string> {
  return new Set(business_rules.flatMap(madeBy).flatMap(({ isNew, name }) => (isNew ? [name] : [])));
}
