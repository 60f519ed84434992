import { cleanName } from '../../../cleaned-name.ts';
import type { Rule } from '../../../config/business-rule.ts';
import { isServiceName } from '../../../service-columns.ts';
import { findColumn } from '../../find-column.ts';
import type { RuleColumn } from '../column-scope.ts';
import { checkExpression, compileExpression } from '../compile-expression.ts';
import { ExpressionProblem } from '../expression-tree.ts';
import type { RuleKind } from '../rule-kind.ts';

/** Adds a column that an expression computes, or replaces the one of that name. */
export const enrichKind: RuleKind<Extract<Rule, { type: 'enrich' }>> = {
  text: ({ logic }) => logic,
  expression: ({ logic }) => logic,
  makes: ({ new_column }) => [{ name: new_column, isNew: true }],
  check: async ({ logic, new_column }, session) => {
    await checkExpression(session, logic);
    newColumnName(new_column, []);
  },
  compile: async ({ logic, new_column }, { columns, session }) => {
    const value = await compileExpression(session, logic, columns);
    return { kind: 'columns', columns: [{ value, name: newColumnName(new_column, columns), sourceName: new_column }] };
  },
};

/** The name in the target of a column that a rule makes. @throws {ExpressionProblem} where it belongs to the service */
export function newColumnName(newColumn: string, columns: readonly RuleColumn[]): string {
  const existing = findColumn(columns, newColumn);
  if (existing !== undefined) return existing.name;
  const name = cleanName(newColumn, columns.length + 1);
  if (isServiceName(name)) {
    throw new ExpressionProblem(`the column ${name} belongs to the service; choose another name`);
  }
  return name;
}
