import type { LookupRule, Rule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { NumberStyle } from '../infer/number-text.ts';
import type { RuleColumn } from './column-scope.ts';
import type { LookupTable } from './lookup-table.ts';

/** What a rule is compiled over. */
export interface RuleScope {
  readonly session: DuckDbSession;
  /** The columns as they are before the rule. */
  readonly columns: readonly RuleColumn[];
  /** The rule's place among the business rules, from 1. */
  readonly number: number;
  /** How texts of the source write numbers. */
  readonly numbers: NumberStyle;
  /** What lookup rules find their values in, by the rule's number. */
  readonly lookups: ReadonlyMap<number, LookupTable>;
}

/** Why a row does not stay as it is. */
export interface RowProblem {
  /** A SQL condition over a row; true of rows with the problem. */
  readonly condition: string;
  readonly reason: string;
  /** A row with the problem is rejected, or fails the run. */
  readonly onFailure: 'reject' | 'fail';
}

/** What a rule does with a row, as SQL over the columns before it. */
export type RuleEffect =
  /** Keeps rows for which the condition is true, and leaves the others out. */
  | { readonly kind: 'filter'; readonly condition: string }
  /** Keeps rows without the problem. */
  | { readonly kind: 'expect'; readonly problem: RowProblem }
  /** Makes columns, or replaces those of their names. */
  | {
      readonly kind: 'columns';
      readonly columns: readonly ColumnValue[];
      /** Rows without right values. */
      readonly problem?: RowProblem | undefined;
      /** A table whose columns the values are of, and the condition under which its row is that of a row. */
      readonly join?: { readonly table: string; readonly on: string } | undefined;
    };

/** What a column holds behind a rule. */
export interface ColumnValue {
  readonly value: string;
  readonly name: string;
  readonly sourceName: string | undefined;
  /** PostgreSQL's type of the values, where DuckDB's does not tell it. */
  readonly type?: string | undefined;
  /** DuckDB's type, where it is known. */
  readonly duckType?: string | undefined;
}

/** What a rule of one kind means. */
export interface RuleKind<R extends Rule> {
  /** What the rule says, for messages. */
  readonly text: (rule: R) => string;
  /** The expression in which a problem has a position; undefined for a rule without one. */
  readonly expression?: (rule: R) => string;
  /** The columns whose values it makes, and whether they need not exist before. */
  readonly makes: (rule: R) => readonly { readonly name: string; readonly isNew: boolean }[];
  /** The column whose values it hides, and SQL of what stands for a text there; undefined for a rule that hides none. */
  readonly hides?: (rule: R, number: number) => { readonly column: string; readonly hidden: (text: string) => string };
  /** What it looks values up in; undefined for a rule that looks at the row alone. */
  readonly looksUp?: (rule: R) => LookupRule;
  /** Looks at the rule without knowing the columns. @throws {ExpressionProblem} */
  readonly check?: (rule: R, session: DuckDbSession) => Promise<void>;
  /** @throws {ExpressionProblem} when it cannot be run over these columns */
  readonly compile: (rule: R, scope: RuleScope) => Promise<RuleEffect>;
}
