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
  const problem = asksNothing(expression);
  if (problem !== undefined) throw new Error(problem);
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

/** Statuses of the responses that conditions are asked about. */
const goodStatuses = Array.from({ length: 100 }, (_, index) => 200 + index);

/** Why what a condition asks has the same answer for every response; undefined where it has not. */
function asksNothing(expression: Expression): string | undefined {
  const facts = factPaths(expression);
  const unknown = facts.find((path) => !/^@(\.|\[['"])(status|headers)\b/.test(path));
  if (unknown !== undefined) return `${unknown} is nothing that a response has; there are @.status and @.headers`;
  if (facts.length === 0 && rootPaths(expression).length === 0) return 'it asks nothing of a response';
  return partsOf(expression)
    .map((part) => statusProblem(part))
    .find((found) => found !== undefined);
}

/** A comparison of the status that holds of no good one. */
function statusProblem(part: Expression): string | undefined {
  if (!(part instanceof expressions.InfixExpression)) return undefined;
  const text = part.toString();
  const [, operator = '', value = ''] =
    /^\(?@(?:\.status|\[['"]status['"]\]) (==|<=|>=|<|>) (.+?)\)?$/.exec(text) ?? [];
  const most = Number(value);
  const holds: Readonly<Record<string, (status: number) => boolean>> = {
    '==': (status) => status === most,
    '<=': (status) => status <= most,
    '>=': (status) => status >= most,
    '<': (status) => status < most,
    '>': (status) => status > most,
  };
  const compare = holds[operator];
  if (compare === undefined || goodStatuses.some(compare)) return undefined;
  return `${text} never holds: conditions are asked about responses with status 200 to 299; for others there are no_rows_statuses and retry.statuses`;
}

/** An expression and those it is made of. */
function partsOf(expression: Expression): readonly Expression[] {
  if (expression instanceof expressions.LogicalExpression) return partsOf(expression.expression);
  if (expression instanceof expressions.PrefixExpression) return partsOf(expression.right);
  if (expression instanceof expressions.InfixExpression) {
    return [expression, ...partsOf(expression.left), ...partsOf(expression.right)];
  }
  if (expression instanceof expressions.FunctionExtension) return [expression, ...expression.args.flatMap(partsOf)];
  return [expression];
}

function factPaths(expression: Expression): readonly string[] {
  return partsOf(expression).flatMap((part) => (part instanceof expressions.RelativeQuery ? [part.toString()] : []));
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
