import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { nearest } from '../../nearest.ts';
import { findColumn } from '../find-column.ts';
import { ExpressionProblem } from './expression-tree.ts';
import type { Scope } from './print-expression.ts';

/** A column as rules see it. */
export interface RuleColumn {
  /** The column's name in the target. */
  readonly name: string;
  readonly sourceName?: string | undefined;
  /** The column's name in working relations. */
  readonly id: string;
  readonly duckType: string;
  /** PostgreSQL's type, where DuckDB's does not tell it. */
  readonly type?: string | undefined;
  /** No row has a value here that would tell a type, and nothing else gives one. */
  readonly undecided?: boolean | undefined;
}

/** What stands for a column that is undecided: mostly NULL goes with what a rule wants; functions want to know a type. */
export const undecidedValues = ['NULL', '(NULL::TIMESTAMP)', '(NULL::DOUBLE)', '(NULL::BOOLEAN)'] as const;

/** The columns with this value in place of those that are undecided. */
export function withUndecided(
  columns: readonly RuleColumn[],
  value: (typeof undecidedValues)[number],
): readonly RuleColumn[] {
  return columns.map((column) => (column.undecided === true ? { ...column, id: value } : column));
}

/** The column of this name. @throws {ExpressionProblem} when there is none */
export function requiredColumn(columns: readonly RuleColumn[], name: string): RuleColumn {
  const column = findColumn(columns, name);
  if (column !== undefined) return column;
  const known = columns.map((one) => one.sourceName ?? one.name);
  const meant = nearest(name, known);
  throw new ExpressionProblem(
    `there is no column ${name}; ${meant === undefined ? `the columns are ${known.slice(0, 20).join(', ')}` : `did you mean ${meant}?`}`,
  );
}

/** Binds names to these columns; types are asked of DuckDB, without rows. */
export function columnScope(session: DuckDbSession, columns: readonly RuleColumn[]): Scope {
  const relation = emptyRelation(columns);
  return {
    column: (name, position) => {
      const column = findColumn(columns, name);
      if (column === undefined) {
        throw new ExpressionProblem(unknownColumn(columns, name), position);
      }
      return column.id;
    },
    typeOf: async (sql) => (sql === 'NULL' ? '"NULL"' : typeOfExpression(session, relation, sql)),
  };
}

/** For checking without data: every name is a column, of a type that is not known. */
export const openScope: Scope = { column: () => 'x', typeOf: async () => undefined };

/** DuckDB's type of an expression; throws what DuckDB says when it does not bind. */
export async function typeOfExpression(session: DuckDbSession, relation: string, sql: string): Promise<string> {
  const [row] = await session.rows(`DESCRIBE SELECT ${sql} AS x FROM ${relation}`);
  return String(row?.column_type);
}

export function emptyRelation(columns: readonly RuleColumn[]): string {
  const named = columns.filter(({ id }) => !undecidedValues.some((value) => value === id));
  const list = named.map((column) => `NULL::${column.duckType} AS ${column.id}`);
  return `(SELECT ${['NULL::BIGINT AS o', ...list].join(', ')} LIMIT 0)`;
}

function unknownColumn(columns: readonly RuleColumn[], name: string): string {
  if (name === 'None' || name === 'nan' || name === 'NaN') {
    return `${name} is NULL in SQL; to test for it write "is null"`;
  }
  const known = columns.flatMap((column) => [
    column.name,
    ...(column.sourceName === undefined ? [] : [column.sourceName]),
  ]);
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  return `there is no column ${name}.${hint} (A text stands in single quotes: '${name.replaceAll("'", "''")}'.)`;
}
