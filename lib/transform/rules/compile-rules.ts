import { cleanName } from '../../cleaned-name.ts';
import type { Rule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { RejectReasons } from '../clean/reject-reasons.ts';
import { BadRuleError } from '../errors.ts';
import { findColumn } from '../find-column.ts';
import type { NumberStyle } from '../infer/number-text.ts';
import { alive, filteredBy } from '../row-state.ts';
import { type RuleColumn, undecidedValues, withUndecided } from './column-scope.ts';
import { bindExpression } from './compile-expression.ts';
import { ExpressionProblem } from './expression-tree.ts';
import type { LookupTable } from './lookup-table.ts';
import type { RowProblem, RuleEffect, RuleScope } from './rule-kind.ts';
import { kindOf } from './rule-kinds.ts';

/** What rules make of a relation with `o`, `s` and the columns. */
export interface CompiledRules {
  readonly relation: string;
  readonly columns: readonly RuleColumn[];
  /** Names of columns that a rule has made or replaced. */
  readonly changed: ReadonlySet<string>;
}

/** What rules are compiled over. */
export interface RulesRequest {
  readonly pipeline: string;
  readonly rules: readonly Rule[];
  /** With `o`, `s` and the columns, before any rule. */
  readonly relation: string;
  readonly columns: readonly RuleColumn[];
  /** How many rows the source has. */
  readonly rows: number;
  /** How texts of the source write numbers. */
  readonly numbers: NumberStyle;
  readonly lookups: ReadonlyMap<number, LookupTable>;
}

/**
 * Wraps the relation in one layer a rule, in order. A rule looks only at rows that are alive. A row for which a rule
 * cannot be computed is rejected with the rule named; a filter keeps rows for which its condition is true.
 *
 * @throws {BadRuleError} for the first rule that cannot be run
 */
export async function compileRules(
  session: DuckDbSession,
  args: RulesRequest & { readonly reasons: RejectReasons },
): Promise<CompiledRules> {
  const { lookups, numbers, reasons } = args;
  let { relation, columns } = args;
  const changed = new Set<string>();
  for (const [index, rule] of args.rules.entries()) {
    const number = index + 1;
    const kind = kindOf(rule);
    const [made] = kind.makes(rule);
    const column = made === undefined ? null : (findColumn(columns, made.name)?.name ?? cleanName(made.name, 1));
    const fails = 'on_failure' in rule && rule.on_failure === 'fail';
    const failed = reasons.code(
      column,
      `business rule ${number} (${rule.type}: ${kind.text(rule)}) cannot be computed for this row, e.g. a division by zero, a failed cast, a number out of range or a text that gets too large`,
      { rule: number, fails },
    );
    const refused = ({ onFailure, reason }: RowProblem): number =>
      reasons.code(column, reason, { rule: number, fails: onFailure === 'fail' });
    try {
      const ids = columns.map(({ id }) => id);
      const effect = await compiled(rule, { session, columns, number, numbers, lookups }, args.rows);
      switch (effect.kind) {
        case 'filter':
          relation = layer(relation, tried([`v := ${effect.condition}`]), ids, [
            `x IS NULL THEN ${failed}`,
            `x.v THEN ${alive}`,
            `true THEN ${filteredBy(number)}`,
          ]);
          break;
        case 'expect':
          relation = layer(relation, tried([`p := ${effect.problem.condition}`]), ids, [
            `x IS NULL THEN ${failed}`,
            `x.p THEN ${refused(effect.problem)}`,
          ]);
          break;
        case 'columns': {
          if (effect.join !== undefined) relation = joined(relation, effect.join);
          const values: string[] = [];
          const places = new Map<string, number>();
          for (const [at, { name, sourceName, type, value, ...known }] of effect.columns.entries()) {
            const { sql, duckType } =
              known.duckType === undefined
                ? storable(value, await bindExpression(session, columns, value))
                : { sql: value, duckType: known.duckType };
            values.push(sql);
            const present = columns.find((one) => one.name === name);
            const id = at === 0 ? `e${number}` : `e${number}_${at}`;
            places.set(id, at);
            const result: RuleColumn = { name, sourceName: present?.sourceName ?? sourceName, id, duckType, type };
            columns =
              present === undefined ? [...columns, result] : columns.map((one) => (one === present ? result : one));
            changed.add(name);
          }
          const problem = effect.problem === undefined ? [] : [`p := ${effect.problem.condition}`];
          const own = columns.map(({ id }) => (places.has(id) ? `x.v${places.get(id)} AS ${id}` : id));
          relation = layer(relation, tried([...values.map((sql, at) => `v${at} := ${sql}`), ...problem]), own, [
            `x IS NULL THEN ${failed}`,
            ...(effect.problem === undefined ? [] : [`x.p THEN ${refused(effect.problem)}`]),
          ]);
        }
      }
    } catch (error) {
      throw ruleError(args.pipeline, number, rule, error);
    }
  }
  return { relation, columns, changed };
}

/**
 * What the rule does with a row. A column without any value is taken for a text, which must not make a rule about numbers
 * fail on an empty day or while a column is not filled yet: there it stands for NULL. Where a rule makes a column of
 * rows, NULL would decide about its type, so it has to go with the text.
 */
async function compiled(rule: Rule, scope: RuleScope, rows: number): Promise<RuleEffect> {
  const kind = kindOf(rule);
  const undecided = scope.columns.some((column) => column.undecided === true);
  const decides = rows > 0 && kind.makes(rule).length > 0;
  if (!undecided || decides) return await kind.compile(rule, scope);
  const bound = async (columns: readonly RuleColumn[]): Promise<RuleEffect> => {
    const effect = await kind.compile(rule, { ...scope, columns });
    const made = effect.kind === 'columns' ? effect.columns : [];
    for (const { duckType, value } of made) {
      if (duckType === undefined) await bindExpression(scope.session, scope.columns, value);
    }
    return effect;
  };
  try {
    return await bound(scope.columns);
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    for (const value of undecidedValues) {
      const effect = await bound(withUndecided(scope.columns, value)).catch(() => undefined);
      if (effect !== undefined) return effect;
    }
    throw error;
  }
}

/** Each row with the columns of the row of a table that is its own, or none; the rows are in any order then. */
function joined(relation: string, { on, table }: { readonly on: string; readonly table: string }): string {
  return `(SELECT * FROM ${relation} LEFT JOIN ${table} ON ${on})`;
}

/** Rows with what a rule computes of each, `x`, and what becomes of those that are alive; the first condition decides. */
function layer(relation: string, x: string, list: readonly string[], whens: readonly string[]): string {
  const state = `CASE WHEN s <> ${alive} THEN s ${whens.map((when) => `WHEN ${when}`).join(' ')} ELSE s END AS s`;
  return `(SELECT ${['o', state, ...list].join(', ')} FROM (SELECT *, ${x} AS x FROM ${relation}))`;
}

/** Looks at rules without data: syntax and what expressions may use; names of columns are not known yet. */
export async function checkRules(session: DuckDbSession, pipeline: string, rules: readonly Rule[]): Promise<void> {
  for (const [index, rule] of rules.entries()) {
    try {
      await kindOf(rule).check?.(rule, session);
    } catch (error) {
      throw ruleError(pipeline, index + 1, rule, error);
    }
  }
}

/** NULL when an expression fails for the row; else their values, which may be NULL too, in a struct. */
function tried(fields: readonly string[]): string {
  return `CASE WHEN s = ${alive} THEN TRY(struct_pack(${fields.join(', ')})) END`;
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
    excerpt: kind.expression === undefined ? undefined : caretLine(kind.expression(settings), error.position),
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
