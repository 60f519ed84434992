import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';

/** A node of DuckDB's parse tree; only what the printer looks at. */
export interface ExpressionNode {
  readonly class: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What is wrong with an expression, and where in it (0-based). */
export class ExpressionProblem extends Error {
  readonly position: number | undefined;

  constructor(problem: string, position?: number | undefined) {
    super(problem);
    this.position = position;
  }
}

const before = 'SELECT (';
/** A list of 10,000 numbers, e.g. */
const maxExpressionLength = 100_000;

/** Parses one expression; nothing around it, nothing behind it. Throws an `ExpressionProblem`. */
export async function parseExpression(session: DuckDbSession, expression: string): Promise<ExpressionNode> {
  if (expression.length > maxExpressionLength) {
    throw new ExpressionProblem(
      `it has ${expression.length.toLocaleString('en-US')} characters; a rule may have ${maxExpressionLength.toLocaleString('en-US')}`,
    );
  }
  // The line end keeps a comment at the end from swallowing the bracket.
  const prepared = await session.connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR) AS tree', [
    `${before}${expression}\n)`,
  ]);
  const text = String(prepared.getRowObjects()[0]?.tree);
  if (/"value":-?(Infinity|NaN)(?=[,}])/.test(text)) {
    throw new ExpressionProblem('it has a number that is too large for double precision, which ends near 1.8e308');
  }
  const answer = JSON.parse(withExactNumbers(text)) as SerializedSql;
  if (answer.error) {
    const position = Number(answer.position);
    throw new ExpressionProblem(
      syntaxProblem(answer.error_message ?? 'it cannot be parsed', expression, position - before.length),
      Number.isFinite(position) ? Math.min(Math.max(position - before.length, 0), expression.length) : undefined,
    );
  }
  const select = answer.statements?.[0]?.node;
  const alone =
    answer.statements?.length === 1 &&
    select?.type === 'SELECT_NODE' &&
    select.select_list?.length === 1 &&
    select.from_table?.type === 'EMPTY' &&
    select.modifiers?.length === 0 &&
    !select.where_clause &&
    !select.having &&
    !select.qualify &&
    !select.sample &&
    (select.cte_map?.map?.length ?? 0) === 0 &&
    (select.group_expressions?.length ?? 0) === 0;
  const node = select?.select_list?.[0];
  if (!alone || node === undefined || (node.alias ?? '') !== '') {
    throw new ExpressionProblem('it is more than one expression');
  }
  return node;
}

/** Where a node stands in the expression, 0-based; undefined where DuckDB does not tell. */
export function positionOf(node: ExpressionNode): number | undefined {
  const location = Number(node.query_location) - before.length;
  return location >= 0 && location < 1e9 ? location : undefined;
}

interface SerializedSql {
  readonly error: boolean;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly {
    readonly node?: {
      readonly type: string;
      readonly select_list?: readonly ExpressionNode[];
      readonly from_table?: { readonly type: string };
      readonly modifiers?: readonly unknown[];
      readonly where_clause?: unknown;
      readonly having?: unknown;
      readonly qualify?: unknown;
      readonly sample?: unknown;
      readonly cte_map?: { readonly map?: readonly unknown[] };
      readonly group_expressions?: readonly unknown[];
    };
  }[];
}

/** Constants beyond what a JavaScript number holds become strings; inside strings of the tree quotes are escaped. */
function withExactNumbers(tree: string): string {
  return tree.replace(/"(value|upper|lower)":(-?\d{16,})(?=[,}])/g, '"$1":"$2"');
}

function syntaxProblem(message: string, expression: string, position: number): string {
  if (position > expression.length) {
    return 'the expression breaks off';
  }
  if (message.startsWith('Only SELECT')) {
    return 'it is more than one expression';
  }
  if (expression.includes('`')) {
    return 'names with spaces stand in double quotes here: "first name" instead of `first name`';
  }
  if (/&&|\|\|\|/.test(expression)) {
    return `${message}; write and / or`;
  }
  return message.replace(/\n[\s\S]*/, '');
}
