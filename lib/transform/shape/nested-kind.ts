import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { MemberEvidence } from './member-evidence.ts';

/** A column on its way to the shape that the configuration asks for. */
export interface ShapedColumn {
  /** Names of members with dots between them, from the record's own column on. */
  readonly sourceName: string;
  /** What tells it from every other column: the place of the record's own column, then the names of members. */
  readonly path: readonly string[];
  readonly duckType: string;
  /** SQL of its values over the relation before. */
  readonly cell: string;
  /** How many objects it lies in, counted from the record or from the element of a list. */
  readonly depth: number;
  /** Its objects have been taken apart; those that are left are of rows that are rejected. */
  readonly isTakenApart: boolean;
  /** SQL of whether a row keeps its value whole; undefined where none does. */
  readonly whole?: string | undefined;
}

/** What the values of a column are, over all rows. */
export interface Members {
  /** Of its objects, in first-seen order. */
  readonly members: readonly { readonly name: string; readonly duckType: string; readonly cell: string }[];
  /** SQL of the values that are no objects; undefined where there are none. */
  readonly rest: string | undefined;
  /** SQL of whether a row's object cannot be taken apart; undefined where all can. */
  readonly broken: string | undefined;
}

/** How objects and lists are found in the cells of one kind of rows. */
export interface NestedKind {
  /** What the values of each column say of its objects, in the order of the columns. */
  readonly survey: (
    session: DuckDbSession,
    relation: string,
    columns: readonly ShapedColumn[],
  ) => Promise<readonly MemberEvidence[]>;
  /** The members that a column with objects becomes. */
  readonly members: (column: ShapedColumn, evidence: MemberEvidence) => Members;
  /** Whether a column of the type can hold lists. */
  readonly canHoldLists: (duckType: string) => boolean;
  /** SQL: the cell is a list. */
  readonly isList: (cell: string) => string;
  /** SQL: the elements of a list, as a list of DuckDB. */
  readonly elements: (cell: string) => string;
  /** SQL of an element as a cell, and its type. */
  readonly element: (unnested: string, duckType: string) => { readonly cell: string; readonly duckType: string };
}
