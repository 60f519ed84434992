import type { Rule } from '../../../config/business-rule.ts';
import { bindExpression, checkExpression, compileExpression } from '../compile-expression.ts';
import { ExpressionProblem } from '../expression-tree.ts';
import type { RuleKind, RuleScope } from '../rule-kind.ts';

/** Rows that do not fulfil a condition are left out. */
export const filterKind: RuleKind<Extract<Rule, { type: 'filter' }>> = {
  text: ({ condition }) => condition,
  expression: ({ condition }) => condition,
  makes: () => [],
  check: ({ condition }, session) => checkExpression(session, condition),
  compile: async ({ condition }, scope) => ({ kind: 'filter', condition: await conditionOf(condition, scope) }),
};

/** Rows that do not fulfil a condition are rejected, or fail the run. */
export const expectKind: RuleKind<Extract<Rule, { type: 'expect' }>> = {
  text: ({ condition, name }) => (name === undefined ? condition : `${name}: ${condition}`),
  expression: ({ condition }) => condition,
  makes: () => [],
  check: ({ condition }, session) => checkExpression(session, condition),
  compile: async ({ condition, name, on_failure: onFailure }, scope) => ({
    kind: 'expect',
    problem: {
      condition: `NOT coalesce(${await conditionOf(condition, scope)}, false)`,
      reason: `does not meet ${name ?? condition}`,
      onFailure,
    },
  }),
};

async function conditionOf(text: string, { columns, session }: RuleScope): Promise<string> {
  const condition = await compileExpression(session, text, columns);
  const type = await bindExpression(session, columns, condition);
  if (type === 'BOOLEAN') return condition;
  if (type === '"NULL"') return 'NULL::BOOLEAN';
  throw new ExpressionProblem(`the condition is a ${type.toLowerCase()}, not true or false`);
}
