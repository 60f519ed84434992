import { cleanName } from '../../cleaned-name.ts';
import type { Rule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { RejectReasons } from '../clean/reject-reasons.ts';
import { BadRuleError } from '../errors.ts';
import { findColumn } from '../find-column.ts';
import { alive, filteredBy } from '../row-state.ts';
import type { RuleColumn } from './column-scope.ts';
import { bindExpression } from './compile-expression.ts';
import { ExpressionProblem } from './expression-tree.ts';
import { kindOf } from './rule-kinds.ts';

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
    const kind = kindOf(rule);
    const made = kind.column(rule);
    const failed = args.reasons.code(
      made === undefined ? null : (findColumn(columns, made.name)?.name ?? cleanName(made.name, 1)),
      `business rule ${number} (${rule.type}: ${kind.text(rule)}) cannot be computed for this row, e.g. a division by zero, a failed cast, a number out of range or a text that gets too large`,
      { rule: number },
    );
    try {
      const ids = columns.map((column) => column.id);
      const effect = await kind.compile(rule, session, columns);
      if (effect.condition !== undefined) {
        relation = `(SELECT o, CASE WHEN s <> ${alive} THEN s WHEN x IS NULL THEN ${failed} WHEN x.v THEN ${alive} ELSE ${filteredBy(number)} END AS s, ${ids.join(', ')}
          FROM (SELECT *, ${tried(effect.condition)} AS x FROM ${relation}))`;
        continue;
      }
      const { name, sourceName, value } = effect;
      const { sql, duckType } = storable(value, await bindExpression(session, columns, value));
      const id = `e${number}`;
      const replaced = columns.findIndex((column) => column.name === name);
      const result: RuleColumn = { name, sourceName: columns[replaced]?.sourceName ?? sourceName, id, duckType };
      relation = `(SELECT o, CASE WHEN s = ${alive} AND x IS NULL THEN ${failed} ELSE s END AS s,
          ${[...ids.filter((_, i) => i !== replaced), `x.v AS ${id}`].join(', ')}
          FROM (SELECT *, ${tried(sql)} AS x FROM ${relation}))`;
      columns = replaced === -1 ? [...columns, result] : columns.map((column, i) => (i === replaced ? result : column));
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
      await kindOf(rule).check(rule, session);
    } catch (error) {
      throw ruleError(pipeline, index + 1, rule, error);
    }
  }
}

/** NULL when the expression fails for the row; else its value, which may be NULL too, in a struct. */
function tried(sql: string): string {
  return `CASE WHEN s = ${alive} THEN TRY(struct_pack(v := ${sql})) END`;
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
  const kind = kindOf(settings);
  return new BadRuleError({
    pipeline,
    rule,
    kind: settings.type,
    problem: error.message,
    excerpt: kind.isExpression ? caretLine(kind.text(settings), error.position) : undefined,
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
