import { compile, jsonpath } from 'json-p3';
import { z } from 'zod';
import { type JsonPath, parseJsonPath } from './json-path.ts';

/** What of a response besides its body a condition may ask, as `@.status` and `@.headers`. */
export interface ResponseFacts {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A condition on a response, ready for use. */
export interface Condition {
  readonly text: string;
  /** The places of the body that it asks about, of names and indexes only. */
  readonly paths: readonly JsonPath[];
  /** @param body  as far as `paths` lead */
  readonly holds: (body: unknown, facts: ResponseFacts) => boolean;
}

const { expressions, selectors } = jsonpath;
type Expression = jsonpath.expressions.FilterExpression;

/**
 * Reads a condition: the expression of a filter of JSONPath (RFC 9535), where `$` is the body and `@` has status and
 * headers. A path by itself holds where something is there that is not null, false, 0 or empty.
 *
 * @throws {Error} with what is wrong with it
 */
export function parseCondition(text: string): Condition {
  const selector = compile(`$[?${text}]`).segments[0]?.selectors[0];
  if (!(selector instanceof selectors.FilterSelector)) throw new Error('it is no condition');
  const { expression } = selector;
  const paths = rootPaths(expression).map((path) => parseJsonPath(path));
  const vague = paths.find(({ steps }) => steps === undefined || steps.includes('any'));
  if (vague !== undefined) {
    throw new Error(`${vague.text} may lead to several places; a condition needs paths of names and indexes`);
  }
  const { expression: inner } = expression;
  if (inner instanceof expressions.RootQuery) {
    return {
      text,
      paths,
      holds: (body) => inner.path.query(body as never).nodes.some(({ value }) => !isNothing(value)),
    };
  }
  const { environment } = selector;
  return {
    text,
    paths,
    holds: (body, facts) =>
      expression.evaluate({ environment, currentValue: { ...facts } as never, rootValue: body as never }),
  };
}

function rootPaths(expression: Expression): readonly string[] {
  if (expression instanceof expressions.RootQuery) return [expression.path.toString()];
  if (expression instanceof expressions.LogicalExpression) return rootPaths(expression.expression);
  if (expression instanceof expressions.PrefixExpression) return rootPaths(expression.right);
  if (expression instanceof expressions.InfixExpression) {
    return [...rootPaths(expression.left), ...rootPaths(expression.right)];
  }
  return expression instanceof expressions.FunctionExtension ? expression.args.flatMap(rootPaths) : [];
}

function isNothing(value: unknown): boolean {
  if (value === null || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value as object).length === 0;
}

/** A condition of the configuration. */
export const conditionSchema = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    try {
      parseCondition(text);
    } catch (thrown) {
      const problem = thrown instanceof Error ? thrown.message : String(thrown);
      const message = `is no condition: ${problem}. Write e.g. "$.ok == true", "$.errors" or "@.status == 207"`;
      context.addIssue({ code: 'custom', message });
    }
  });
