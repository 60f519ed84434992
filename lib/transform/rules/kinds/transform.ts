import type { Rule } from '../../../config/business-rule.ts';
import { requiredColumn } from '../column-scope.ts';
import { ExpressionProblem } from '../expression-tree.ts';
import type { RuleKind } from '../rule-kind.ts';
import { seriesFunction } from '../series-function.ts';

/** Replaces a column by a function of it. */
export const transformKind: RuleKind<Extract<Rule, { type: 'transform' }>> = {
  text: (rule) => `${rule.function} of ${rule.column}`,
  makes: ({ column }) => [{ name: column, isNew: false }],
  compile: async ({ column: name, function: method }, { columns }) => {
    const column = requiredColumn(columns, name);
    const value = seriesFunction(method, column.id, column.duckType);
    if (value === undefined) {
      throw new ExpressionProblem(`${method} is not for ${column.name}, which is a ${column.duckType.toLowerCase()}`);
    }
    return { kind: 'columns', columns: [{ value, name: column.name, sourceName: column.sourceName }] };
  },
};
