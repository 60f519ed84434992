import { quoteName, quoteText } from '../../duckdb/quote.ts';
import { ownValue } from '../../own-value.ts';
import { type ExpressionNode, ExpressionProblem, positionOf } from './expression-tree.ts';
import { boundedArguments, maxDepth, maxSqlLength } from './function-limits.ts';
import { allowedCasts, allowedFunctions, allowedOperators, refusedFunctions } from './functions.ts';

/** What an expression is compiled against. */
export interface Scope {
  /** SQL of the column of this name; throws an `ExpressionProblem` when there is none. */
  readonly column: (name: string, position: number | undefined) => string;
  /** DuckDB's type of a printed expression; undefined where columns are not known yet. */
  readonly typeOf: (sql: string) => Promise<string | undefined>;
}

/**
 * Writes a parse tree as SQL again, node by node. What this function does not know cannot be written: subqueries,
 * windows, stars, parameters and functions that are not on the list are refused here, and nowhere else.
 */
export async function printExpression(node: ExpressionNode, scope: Scope, depth = 0): Promise<string> {
  if (depth > maxDepth) throw new ExpressionProblem(`it is nested more than ${maxDepth} deep`, positionOf(node));
  const sql = await printNode(node, scope, depth);
  if (sql.length > maxSqlLength) {
    throw new ExpressionProblem('it becomes too large: divide by simpler expressions', positionOf(node));
  }
  return sql;
}

async function printNode(node: ExpressionNode, scope: Scope, depth: number): Promise<string> {
  const print = (child: unknown): Promise<string> => printExpression(child as ExpressionNode, scope, depth + 1);
  const printAll = async (children: unknown): Promise<readonly string[]> => {
    const printed: string[] = [];
    for (const child of children as readonly unknown[]) {
      printed.push(await print(child));
    }
    return printed;
  };
  switch (node.class) {
    case 'COLUMN_REF': {
      const names = node.column_names as readonly string[];
      const name = names.length === 1 ? names[0] : undefined;
      if (name === undefined) {
        throw new ExpressionProblem(
          `${names.join('.')} is no column; for a field of an object write ${names[0]}->>'${names.at(-1)}'`,
          positionOf(node),
        );
      }
      refuse(name.toLowerCase(), node, true);
      return scope.column(name, positionOf(node));
    }
    case 'CONSTANT':
      return printConstant(node);
    case 'COMPARISON': {
      const operator = ownValue(comparisons, node.type);
      return operator === undefined
        ? unknownNode(node)
        : `(${await print(node.left)} ${operator} ${await print(node.right)})`;
    }
    case 'CONJUNCTION': {
      const operator = node.type === 'CONJUNCTION_AND' ? ' AND ' : ' OR ';
      return `(${(await printAll(node.children)).join(operator)})`;
    }
    case 'BETWEEN':
      return `(${await print(node.input)} BETWEEN ${await print(node.lower)} AND ${await print(node.upper)})`;
    case 'CASE': {
      let sql = 'CASE';
      for (const check of node.case_checks as readonly { when_expr: unknown; then_expr: unknown }[]) {
        sql += ` WHEN ${await print(check.when_expr)} THEN ${await print(check.then_expr)}`;
      }
      return `${sql} ELSE ${await print(node.else_expr)} END`;
    }
    case 'CAST':
      return printCast(node, await print(node.child));
    case 'OPERATOR':
      return printOperator(node, await printAll(node.children));
    case 'LAMBDA': {
      // DuckDB's parser takes every `a -> b` for a lambda at first.
      const left = node.lhs as ExpressionNode;
      return `(${await print(left)} -> ${await print(node.expr)})`;
    }
    case 'FUNCTION':
      return printFunction(node, await printAll(node.children), scope);
    default:
      return unknownNode(node);
  }
}

const comparisons: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '<>',
  COMPARE_LESSTHAN: '<',
  COMPARE_GREATERTHAN: '>',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHANOREQUALTO: '>=',
  COMPARE_DISTINCT_FROM: 'IS DISTINCT FROM',
  COMPARE_NOT_DISTINCT_FROM: 'IS NOT DISTINCT FROM',
};

const nodeNames: Readonly<Record<string, string>> = {
  SUBQUERY: 'a subquery',
  WINDOW: 'a window function',
  STAR: '*',
  PARAMETER: 'a parameter',
  COLLATE: 'COLLATE',
  POSITIONAL_REFERENCE: 'a positional reference',
};

function unknownNode(node: ExpressionNode): never {
  throw new ExpressionProblem(
    `${ownValue(nodeNames, node.class) ?? node.class} is not offered in a rule`,
    positionOf(node),
  );
}

function printOperator(node: ExpressionNode, children: readonly string[]): string {
  const [first, ...others] = children;
  switch (node.type) {
    case 'OPERATOR_IS_NULL':
      return `(${first} IS NULL)`;
    case 'OPERATOR_IS_NOT_NULL':
      return `(${first} IS NOT NULL)`;
    case 'OPERATOR_NOT':
      return `(NOT ${first})`;
    case 'COMPARE_IN':
      return `(${first} IN (${others.join(', ')}))`;
    case 'COMPARE_NOT_IN':
      return `(${first} NOT IN (${others.join(', ')}))`;
    case 'OPERATOR_COALESCE':
      return `coalesce(${children.join(', ')})`;
    case 'OPERATOR_NULLIF':
      return `nullif(${children.join(', ')})`;
    case 'ARRAY_EXTRACT':
      return `(${first})[${others.join('')}]`;
    case 'ARRAY_SLICE':
      return `(${first})[${others.slice(0, 2).join(':')}]`;
    default:
      return unknownNode(node);
  }
}

async function printFunction(node: ExpressionNode, children: readonly string[], scope: Scope): Promise<string> {
  const name = String(node.function_name).toLowerCase();
  const schema = String(node.schema ?? '');
  const orders = (node.order_bys as { readonly orders?: readonly unknown[] } | undefined)?.orders ?? [];
  if ((schema !== '' && schema !== 'main') || String(node.catalog ?? '') !== '') {
    throw new ExpressionProblem(
      `${schema}.${name} is no function; write ${name}(${schema}, …) instead of ${schema}.${name}(…)`,
      positionOf(node),
    );
  }
  if (node.distinct === true || node.filter || orders.length > 0) {
    throw new ExpressionProblem(`${name} with DISTINCT, FILTER or ORDER BY is over several rows`, positionOf(node));
  }
  if (node.is_operator === true && allowedOperators.has(name)) {
    return printInfix(name, node, children, scope);
  }
  if (name.endsWith('__postfix')) {
    throw new ExpressionProblem(`${name.replace('__postfix', '')} lacks what stands to its right`, positionOf(node));
  }
  refuse(name, node, false);
  if (!allowedFunctions.has(name)) {
    throw new ExpressionProblem(`there is no function ${name} for rules`, positionOf(node));
  }
  if (name === 'list_value') {
    return `[${children.join(', ')}]`;
  }
  const bounded = await boundedArguments(name, node, children, scope.typeOf);
  return `${quoteName(name)}(${bounded.join(', ')})`;
}

/** `+` joins texts, as pandas has it; `&`, `|` and `~` join conditions; a division by zero is an error. */
async function printInfix(
  operator: string,
  node: ExpressionNode,
  children: readonly string[],
  scope: Scope,
): Promise<string> {
  const [left, right] = children;
  if (right === undefined) {
    if (operator === '~' && (await scope.typeOf(left ?? '')) === 'BOOLEAN') {
      return `(NOT ${left})`;
    }
    return `(${operator} ${left})`;
  }
  if (operator === '+') {
    const leftText = (await scope.typeOf(left ?? '')) === 'VARCHAR';
    const rightText = (await scope.typeOf(right)) === 'VARCHAR';
    if (leftText && rightText) {
      return `(${left} || ${right})`;
    }
    const other = leftText ? await scope.typeOf(right) : rightText ? await scope.typeOf(left ?? '') : undefined;
    if (other !== undefined && other !== '"NULL"') {
      throw new ExpressionProblem(
        `+ stands between a text and a ${other.toLowerCase()}; write ${leftText ? 'the second' : 'the first'} as cast(… as text) to join them, or the text as cast(… as double) to add them`,
        positionOf(node),
      );
    }
  }
  if ((operator === '&' || operator === '|') && (await scope.typeOf(left ?? '')) === 'BOOLEAN') {
    return `(${left} ${operator === '&' ? 'AND' : 'OR'} ${right})`;
  }
  if (operator === '/' || operator === '//' || operator === '%') {
    // DuckDB answers NULL or infinity. The cast of a text that is no number fails instead, for this row alone.
    const refusal = `CAST('division by zero ' || (${right})::VARCHAR AS DOUBLE)`;
    return `(${left} ${operator} CASE WHEN (${right}) = 0 THEN ${refusal} ELSE ${right} END)`;
  }
  return `(${left} ${operator} ${right})`;
}

function refuse(name: string, node: ExpressionNode, columnOnly: boolean): void {
  const reason = ownValue(refusedFunctions, name);
  // Words like current_date are parsed as columns; the others may well be columns.
  if (reason !== undefined && (!columnOnly || /^(current_|localtime)/.test(name))) {
    throw new ExpressionProblem(reason, positionOf(node));
  }
}

function printCast(node: ExpressionNode, child: string): string {
  const type = node.cast_type as TreeType;
  if (!allowedCasts.has(type.id)) {
    throw new ExpressionProblem(`a cast to ${type.id.toLowerCase()} is not offered in a rule`, positionOf(node));
  }
  return `${node.try_cast === true ? 'TRY_CAST' : 'CAST'}(${child} AS ${typeName(type)})`;
}

interface TreeType {
  readonly id: string;
  readonly type_info?: { readonly width?: number; readonly scale?: number } | null;
}

function typeName(type: TreeType): string {
  return type.id === 'DECIMAL'
    ? `DECIMAL(${Number(type.type_info?.width ?? 18)},${Number(type.type_info?.scale ?? 3)})`
    : type.id;
}

function printConstant(node: ExpressionNode): string {
  const {
    type,
    is_null: isNull,
    value,
  } = node.value as {
    readonly type: TreeType;
    readonly is_null: boolean;
    readonly value?: unknown;
  };
  if (isNull) {
    return 'NULL';
  }
  switch (type.id) {
    case 'VARCHAR':
      if (String(value).includes('\0')) {
        throw new ExpressionProblem('a text with a NUL character is not offered', positionOf(node));
      }
      return quoteText(String(value));
    case 'BOOLEAN':
      return value === true ? 'true' : 'false';
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'UBIGINT':
      return `(${wholeNumber(value)})::${type.id}`;
    case 'HUGEINT':
    case 'UHUGEINT':
      return `(${wholeNumber(value)})::${type.id}`;
    case 'DOUBLE':
      return `(${Number(value)})::DOUBLE`;
    case 'DECIMAL': {
      const scale = Number(type.type_info?.scale ?? 0);
      const unscaled = wholeNumber(value);
      const sign = unscaled < 0n ? '-' : '';
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
      const whole = digits.slice(0, digits.length - scale);
      return `(${sign}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`})::${typeName(type)}`;
    }
    default:
      throw new ExpressionProblem(`a constant of type ${type.id.toLowerCase()} is not offered`, positionOf(node));
  }
}

/** 64 bits are a number, 128 bits two halves. */
function wholeNumber(value: unknown): bigint {
  if (typeof value === 'object' && value !== null) {
    const { upper, lower } = value as { readonly upper: number | string; readonly lower: number | string };
    return BigInt(upper) * (1n << 64n) + BigInt(lower);
  }
  return BigInt(value as number | string);
}
