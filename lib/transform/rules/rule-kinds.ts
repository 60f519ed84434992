import type { LookupRule, Rule } from '../../config/business-rule.ts';
import { castKind } from './kinds/cast.ts';
import { expectKind, filterKind } from './kinds/condition.ts';
import { enrichKind } from './kinds/enrich.ts';
import { lookupKind } from './kinds/lookup.ts';
import { maskKind } from './kinds/mask.ts';
import { transformKind } from './kinds/transform.ts';
import type { RuleKind } from './rule-kind.ts';

/** One entry for each kind of business rule; `lib/config/business-rule.ts` has their settings. */
const ruleKinds = {
  filter: filterKind,
  transform: transformKind,
  enrich: enrichKind,
  expect: expectKind,
  mask: maskKind,
  cast: castKind,
  lookup: lookupKind,
} satisfies { readonly [T in Rule['type']]: RuleKind<Extract<Rule, { type: T }>> };

/** The kind of a rule. */
export function kindOf<R extends Rule>(rule: R): RuleKind<R> {
  // The registry has, under each type, the kind of the rules of that type; TypeScript cannot tell it of a union.
  return ruleKinds[rule.type] as unknown as RuleKind<R>;
}

/** The columns whose values a rule makes. */
export function madeBy(rule: Rule): ReturnType<RuleKind<Rule>['makes']> {
  return kindOf(rule).makes(rule);
}

/** The rules that look values up, with their numbers from 1. */
export function lookupsOf(rules: readonly Rule[]): readonly { readonly number: number; readonly rule: LookupRule }[] {
  return rules.flatMap((rule, at) => {
    const lookup = kindOf(rule).looksUp?.(rule);
    return lookup === undefined ? [] : [{ number: at + 1, rule: lookup }];
  });
}
