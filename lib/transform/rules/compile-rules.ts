import type { Rule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { messageOf } from '../../errors.ts';
import { stampColumns, yieldedName } from '../../service-columns.ts';
import type { RejectReasons } from '../clean/reject-reasons.ts';
import { cleanName, serviceColumns } from '../column-name.ts';
import { BadRuleError } from '../errors.ts';
import { findColumn } from '../find-column.ts';
import { alive, filtered } from '../row-state.ts';
import { columnScope, emptyRelation, openScope, type RuleColumn, typeOfExpression } from './column-scope.ts';
import { type ExpressionNode, ExpressionProblem, parseExpression } from './expression-tree.ts';
import { printExpression } from './print-expression.ts';
import { seriesFunction } from './series-function.ts';

/** What rules make of a relation with `o`, `s` and the columns. */
export interface CompiledRules {
  readonly relation: string;
  readonly columns: readonly RuleColumn[];
  /** Names of columns that a rule has made or replaced. */
  readonly changed: ReadonlySet<string>;
}

/**
 * Wraps the relation in one layer a rule, in order. A rule looks only at rows that are alive. A row for which a rule
 * cannot be computed is rejected with the rule named; a filter keeps rows for which its condition is true.
 *
 * @throws {BadRuleError} for the first rule that cannot be run
 */
export async function compileRules(
  session: DuckDbSession,
  args: {
    readonly pipeline: string;
    readonly rules: readonly Rule[];
    readonly relation: string;
    readonly columns: readonly RuleColumn[];
    readonly reasons: RejectReasons;
  },
): Promise<CompiledRules> {
  let { relation, columns } = args;
  const changed = new Set<string>();
  for (const [index, rule] of args.rules.entries()) {
    const number = index + 1;
    const text = textOf(rule);
    const failed = args.reasons.code(
      rule.type === 'filter' ? null : nameOfResult(rule, columns),
      `business rule ${number} (${rule.type}: ${text}) cannot be computed for this row, e.g. a division by zero, a failed cast, a number out of range or a text that gets too large`,
    );
    try {
      const ids = columns.map((column) => column.id);
      if (rule.type === 'filter') {
        const condition = await compile(session, rule.condition, columns);
        const type = await bind(session, columns, condition);
        if (type !== 'BOOLEAN') {
          throw new ExpressionProblem(`the condition is a ${type.toLowerCase()}, not true or false`);
        }
        relation = `(SELECT o, CASE WHEN s <> ${alive} THEN s WHEN x IS NULL THEN ${failed} WHEN x.v THEN ${alive} ELSE ${filtered} END AS s, ${ids.join(', ')}
          FROM (SELECT *, ${tried(condition)} AS x FROM ${relation}))`;
        continue;
      }
      const { value, name, sourceName } =
        rule.type === 'enrich'
          ? {
              value: await compile(session, rule.logic, columns),
              name: enrichedName(rule.new_column, columns),
              sourceName: rule.new_column,
            }
          : methodOf(rule.column, rule.function, columns);
      const bound = await bind(session, columns, value);
      const { sql, duckType } = storable(value, bound);
      const id = `e${number}`;
      const replaced = columns.findIndex((column) => column.name === name);
      const made: RuleColumn = { name, sourceName: columns[replaced]?.sourceName ?? sourceName, id, duckType };
      relation = `(SELECT o, CASE WHEN s = ${alive} AND x IS NULL THEN ${failed} ELSE s END AS s,
          ${[...ids.filter((_, i) => i !== replaced), `x.v AS ${id}`].join(', ')}
          FROM (SELECT *, ${tried(sql)} AS x FROM ${relation}))`;
      columns = replaced === -1 ? [...columns, made] : columns.map((column, i) => (i === replaced ? made : column));
      changed.add(name);
    } catch (error) {
      throw ruleError(args.pipeline, number, rule, error);
    }
  }
  return { relation, columns, changed };
}

/** Looks at rules without data: syntax and what expressions may use; names of columns are not known yet. */
export async function checkRules(session: DuckDbSession, pipeline: string, rules: readonly Rule[]): Promise<void> {
  for (const [index, rule] of rules.entries()) {
    try {
      if (rule.type !== 'transform') {
        await printExpression(await parse(session, textOf(rule)), openScope);
      }
      if (rule.type === 'enrich') {
        enrichedName(rule.new_column, []);
      }
    } catch (error) {
      throw ruleError(pipeline, index + 1, rule, error);
    }
  }
}

/** What a rule says, for messages. */
export function textOf(rule: Rule): string {
  return rule.type === 'filter'
    ? rule.condition
    : rule.type === 'enrich'
      ? rule.logic
      : `${rule.function} of ${rule.column}`;
}

/** NULL when the expression fails for the row; else its value, which may be NULL too, in a struct. */
function tried(sql: string): string {
  return `CASE WHEN s = ${alive} THEN TRY(struct_pack(v := ${sql})) END`;
}

function parse(session: DuckDbSession, expression: string): Promise<ExpressionNode> {
  return parseExpression(session, expression);
}

async function compile(session: DuckDbSession, expression: string, columns: readonly RuleColumn[]): Promise<string> {
  return printExpression(await parse(session, expression), columnScope(session, columns));
}

async function bind(session: DuckDbSession, columns: readonly RuleColumn[], sql: string): Promise<string> {
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

function nameOfResult(rule: Rule & { type: 'enrich' | 'transform' }, columns: readonly RuleColumn[]): string {
  return rule.type === 'enrich'
    ? cleanName(rule.new_column, 1)
    : (findColumn(columns, rule.column)?.name ?? rule.column);
}

function enrichedName(newColumn: string, columns: readonly RuleColumn[]): string {
  const existing = findColumn(columns, newColumn);
  if (existing !== undefined) {
    return existing.name;
  }
  const name = cleanName(newColumn, columns.length + 1);
  if (serviceColumns.includes(name) || stampColumns.some((stamp) => yieldedName(stamp) === name)) {
    throw new ExpressionProblem(`the column ${name} belongs to the service; choose another name`);
  }
  return name;
}

function methodOf(
  columnName: string,
  method: (Rule & { type: 'transform' })['function'],
  columns: readonly RuleColumn[],
): { readonly value: string; readonly name: string; readonly sourceName: string | undefined } {
  const column = findColumn(columns, columnName);
  if (column === undefined) {
    columnScopeProblem(columns, columnName);
  }
  const value = seriesFunction(method, column.id, column.duckType);
  if (value === undefined) {
    throw new ExpressionProblem(`${method} is not for ${column.name}, which is a ${column.duckType.toLowerCase()}`);
  }
  return { value, name: column.name, sourceName: column.sourceName };
}

function columnScopeProblem(columns: readonly RuleColumn[], name: string): never {
  const known = columns.map((column) => column.sourceName ?? column.name).slice(0, 20);
  throw new ExpressionProblem(`there is no column ${name}; the columns are ${known.join(', ')}`);
}

/** A value of a type that clean files and PostgreSQL know: integers are widened, lists and structs become JSON. */
function storable(sql: string, type: string): { readonly sql: string; readonly duckType: string } {
  const cast = (duckType: string) => ({ sql: `CAST(${sql} AS ${duckType})`, duckType });
  if (/^(TINYINT|SMALLINT|INTEGER|UTINYINT|USMALLINT|UINTEGER)$/.test(type)) {
    return sql === 'NULL' ? cast('VARCHAR') : cast('BIGINT');
  }
  if (/^(UBIGINT|HUGEINT|UHUGEINT)$/.test(type)) {
    return cast('DECIMAL(38,0)');
  }
  const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(type);
  if (decimal !== null) {
    return cast(`DECIMAL(38,${decimal[1]})`);
  }
  if (/^TIMESTAMP_(S|MS|NS)$/.test(type)) {
    return cast('TIMESTAMP');
  }
  if (type.endsWith(']') || /^(STRUCT|MAP|UNION)\(/.test(type)) {
    return { sql: `to_json(${sql})`, duckType: 'JSON' };
  }
  if (['INTERVAL', 'TIME WITH TIME ZONE', '"NULL"'].includes(type) || type.startsWith('ENUM')) {
    return cast('VARCHAR');
  }
  if (['BIGINT', 'FLOAT', 'DOUBLE', 'BOOLEAN', 'VARCHAR', 'DATE', 'TIME', 'TIMESTAMP', 'UUID', 'JSON'].includes(type)) {
    return { sql, duckType: type };
  }
  if (type === 'TIMESTAMP WITH TIME ZONE') {
    return { sql, duckType: 'TIMESTAMPTZ' };
  }
  throw new ExpressionProblem(`the result is a ${type.toLowerCase()}, which cannot be loaded; cast it`);
}

function ruleError(pipeline: string, rule: number, settings: Rule, error: unknown): Error {
  if (!(error instanceof ExpressionProblem)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const text = textOf(settings);
  return new BadRuleError({
    pipeline,
    rule,
    kind: settings.type,
    problem: error.message,
    excerpt: settings.type === 'transform' ? undefined : caretLine(text, error.position),
    cause: error,
  });
}

/** The line of the expression that the position is in, with a caret below it. */
function caretLine(expression: string, position: number | undefined): string {
  const at = position ?? 0;
  const start = expression.lastIndexOf('\n', at - 1) + 1;
  const stop = expression.indexOf('\n', at);
  const line = expression.slice(start, stop === -1 ? undefined : stop);
  return position === undefined ? `  ${line}` : `  ${line}\n  ${' '.repeat(at - start)}^ column ${at - start + 1}`;
}
