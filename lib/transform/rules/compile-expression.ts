import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { messageOf } from '../../errors.ts';
import { columnScope, emptyRelation, openScope, type RuleColumn, typeOfExpression } from './column-scope.ts';
import { ExpressionProblem, parseExpression } from './expression-tree.ts';
import { printExpression } from './print-expression.ts';

/** An expression of a rule as SQL over these columns. @throws {ExpressionProblem} for what may not be used */
export async function compileExpression(
  session: DuckDbSession,
  expression: string,
  columns: readonly RuleColumn[],
): Promise<string> {
  return printExpression(await parseExpression(session, expression), columnScope(session, columns));
}

/** Looks at an expression without knowing the columns. @throws {ExpressionProblem} for what may not be used */
export async function checkExpression(session: DuckDbSession, expression: string): Promise<void> {
  await printExpression(await parseExpression(session, expression), openScope);
}

/** DuckDB's type of a compiled expression. @throws {ExpressionProblem} when it does not bind */
export async function bindExpression(
  session: DuckDbSession,
  columns: readonly RuleColumn[],
  sql: string,
): Promise<string> {
  try {
    return await typeOfExpression(session, emptyRelation(columns), sql);
  } catch (error) {
    throw new ExpressionProblem(bindingProblem(messageOf(error), columns));
  }
}

/** DuckDB's explanation, its first lines, in the names that the reader knows. */
function bindingProblem(message: string, columns: readonly RuleColumn[]): string {
  const said = message.replace(/^[A-Z][A-Za-z ]+ Error: /, '').split(/\n\s*(?:Candidate|LINE)/)[0] ?? message;
  return columns
    .reduce((text, column) => text.replaceAll(new RegExp(`\\b${column.id}\\b`, 'g'), column.name), said)
    .replaceAll(/\s+/g, ' ')
    .trim();
}
