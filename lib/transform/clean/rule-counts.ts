import type { Rule } from '../../config/business-rule.ts';
import type { RuleCount } from '../../manifest.ts';
import { filteredBy } from '../row-state.ts';
import { kindOf } from '../rules/rule-kinds.ts';
import type { RejectReason } from './reject-reasons.ts';

/** How many rows each business rule left out and rejected, in the order of the rules. */
export function countRules(
  rules: readonly Rule[],
  reasons: readonly RejectReason[],
  inState: (state: number) => number,
): RuleCount[] {
  return rules.map((rule, index) => {
    const number = index + 1;
    const rejected = reasons.filter((reason) => reason.rule === number);
    return {
      number,
      type: rule.type,
      text: kindOf(rule).text(rule),
      rows_filtered: inState(filteredBy(number)),
      rows_rejected: rejected.reduce((sum, { code }) => sum + inState(code), 0),
    };
  });
}
