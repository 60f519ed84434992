import jsonata from 'jsonata';
import { StatesError, UnknownFeatureError } from './errors.ts';

/** Values by variable name, without the dollar; `states` among them. */
export type Scope = Readonly<Record<string, unknown>>;

/**
 * Evaluates a JSONata field of a state: strings that are `{% … %}` as a whole, anywhere in objects and lists.
 *
 * @throws {StatesError} States.QueryEvaluationError when an expression fails or gives nothing
 */
export async function evaluate(field: unknown, scope: Scope): Promise<unknown> {
  if (typeof field === 'string') return await evaluateText(field, scope);
  if (Array.isArray(field)) return await Promise.all(field.map((item) => evaluate(item, scope)));
  if (typeof field !== 'object' || field === null) return field;
  const entries = await Promise.all(
    Object.entries(field).map(async ([key, value]) => [key, await evaluate(value, scope)] as const),
  );
  return Object.fromEntries(entries);
}

async function evaluateText(text: string, scope: Scope): Promise<unknown> {
  if (!text.includes('{%')) return text;
  const expression = /^\{%([\s\S]*)%\}$/.exec(text)?.[1];
  if (expression === undefined) throw new UnknownFeatureError(`An expression inside a text: ${text}`);
  let value: unknown;
  try {
    value = await compiled(expression).evaluate(undefined, { ...scope });
  } catch (error) {
    throw new StatesError('States.QueryEvaluationError', `${expression.trim()}: ${(error as Error).message}`);
  }
  if (value === undefined) {
    throw new StatesError(
      'States.QueryEvaluationError',
      `The JSONata expression '${expression.trim()}' returned nothing`,
    );
  }
  return plain(value);
}

const known = new Map<string, jsonata.Expression>();

function compiled(expression: string): jsonata.Expression {
  const found = known.get(expression) ?? jsonata(expression);
  known.set(expression, found);
  return found;
}

/** What travels between states is JSON. */
export function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
