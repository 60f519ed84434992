import type { LookupRule } from '../../../config/business-rule.ts';
import { findColumn } from '../../find-column.ts';
import { canonicalText } from '../../result/row-id.ts';
import { requiredColumn } from '../column-scope.ts';
import { ExpressionProblem } from '../expression-tree.ts';
import { hitColumn, lookupKey, lookupTable, lookupValue } from '../lookup-table.ts';
import type { RuleKind } from '../rule-kind.ts';
import { newColumnName } from './enrich.ts';

/** Takes columns from the row of a file or a table that has the same key. */
export const lookupKind: RuleKind<LookupRule> = {
  text: (rule) => `${Object.keys(rule.on).join(', ')} in ${lookedUp(rule)}`,
  makes: (rule) => taken(rule).map(([name]) => ({ name, isNew: true })),
  looksUp: (rule) => rule,
  check: async (rule) => {
    for (const [name] of taken(rule)) newColumnName(name, []);
  },
  compile: async (rule, { columns, lookups, number }) => {
    const there = lookups.get(number);
    if (there === undefined) throw new ExpressionProblem(`${lookedUp(rule)} was not read`);
    const on = Object.keys(rule.on).map((own, at) => {
      const { duckType, id } = requiredColumn(columns, own);
      return `${canonicalText(id, duckType)} = ${lookupKey(at)}`;
    });
    const values = taken(rule).map(([name, theirs], at) => {
      const { duckType, type } = findColumn(there.columns, theirs) ?? { duckType: 'VARCHAR', type: 'text' };
      return { value: lookupValue(at), duckType, type, name: newColumnName(name, columns), sourceName: name };
    });
    const problem =
      rule.on_miss === 'null' || rule.on_miss === null
        ? undefined
        : {
            condition: `NOT coalesce(${hitColumn}, false)`,
            reason: `has no row in ${lookedUp(rule)} for its ${Object.keys(rule.on).join(', ')}`,
            onFailure: rule.on_miss,
          };
    return { kind: 'columns', columns: values, problem, join: { table: lookupTable(number), on: on.join(' AND ') } };
  },
};

/** The columns that a rule takes: their new names, and those that they have there. */
export function taken({ take }: Pick<LookupRule, 'take'>): readonly (readonly [string, string])[] {
  return Array.isArray(take) ? take.map((name) => [name, name]) : Object.entries(take);
}

/** What is looked up, as a person knows it. */
export function lookedUp({ from }: Pick<LookupRule, 'from'>): string {
  return 'file' in from ? from.file : from.table;
}
