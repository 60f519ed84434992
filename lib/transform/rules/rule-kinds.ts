import { cleanName } from '../../cleaned-name.ts';
import type { Rule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { stampColumns, yieldedName } from '../../service-columns.ts';
import { serviceColumns } from '../column-name.ts';
import { findColumn } from '../find-column.ts';
import type { RuleColumn } from './column-scope.ts';
import { bindExpression, checkExpression, compileExpression } from './compile-expression.ts';
import { ExpressionProblem } from './expression-tree.ts';
import { seriesFunction } from './series-function.ts';

/** What a rule does with a row, as SQL over the columns before it. */
export type RuleEffect =
  /** Keeps rows for which it is true. */
  | { readonly condition: string }
  /** Makes the column of this name, or replaces it. */
  | {
      readonly condition?: never;
      readonly value: string;
      readonly name: string;
      readonly sourceName: string | undefined;
    };

/** What a rule of one kind means. */
export interface RuleKind<R extends Rule> {
  /** What the rule says, for messages. */
  readonly text: (rule: R) => string;
  /** Whether `text` is an expression, in which a problem has a position. */
  readonly isExpression: boolean;
  /** The column whose values it makes, and whether that need not exist before; undefined for a rule that makes none. */
  readonly column: (rule: R) => { readonly name: string; readonly isNew: boolean } | undefined;
  /** Looks at the rule without knowing the columns. @throws {ExpressionProblem} */
  readonly check: (rule: R, session: DuckDbSession) => Promise<void>;
  /** @throws {ExpressionProblem} when it cannot be run over these columns */
  readonly compile: (rule: R, session: DuckDbSession, columns: readonly RuleColumn[]) => Promise<RuleEffect>;
}

/** One entry for each kind of business rule; `lib/config/business-rule.ts` has their settings. */
const ruleKinds = {
  filter: {
    text: ({ condition }) => condition,
    isExpression: true,
    column: () => undefined,
    check: ({ condition }, session) => checkExpression(session, condition),
    compile: async (rule, session, columns) => {
      const condition = await compileExpression(session, rule.condition, columns);
      const type = await bindExpression(session, columns, condition);
      if (type === 'BOOLEAN') return { condition };
      throw new ExpressionProblem(`the condition is a ${type.toLowerCase()}, not true or false`);
    },
  },
  transform: {
    text: (rule) => `${rule.function} of ${rule.column}`,
    isExpression: false,
    column: ({ column }) => ({ name: column, isNew: false }),
    check: async () => undefined,
    compile: async (rule, _session, columns) => methodOf(rule.column, rule.function, columns),
  },
  enrich: {
    text: ({ logic }) => logic,
    isExpression: true,
    column: ({ new_column }) => ({ name: new_column, isNew: true }),
    check: async ({ logic, new_column }, session) => {
      await checkExpression(session, logic);
      enrichedName(new_column, []);
    },
    compile: async ({ logic, new_column }, session, columns) => ({
      value: await compileExpression(session, logic, columns),
      name: enrichedName(new_column, columns),
      sourceName: new_column,
    }),
  },
} satisfies { readonly [T in Rule['type']]: RuleKind<Extract<Rule, { type: T }>> };

/** The kind of a rule. */
export function kindOf<R extends Rule>(rule: R): RuleKind<R> {
  // The registry has, under each type, the kind of the rules of that type; TypeScript cannot tell it of a union.
  return ruleKinds[rule.type] as unknown as RuleKind<R>;
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
