import type { LockStrength } from '../concurrency/row-locks.ts';
import type { DsqlError } from '../wire/error-response.ts';
import type { Measure } from './measure.ts';
import type { Tree } from './tree.ts';

/** What a statement does to its transaction. */
export type StatementKind = 'begin' | 'commit' | 'rollback' | 'read' | 'write' | 'ddl' | 'session' | 'call';

/** A table as a statement names it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** One statement, judged. The same text gives the same object. */
export interface Statement {
  /** Text for PostgreSQL. */
  readonly sql: string;
  readonly kind: StatementKind;
  /** Node type of the parse tree, e.g. `InsertStmt`. */
  readonly node: string;
  readonly tree: Tree;
  readonly refusal: DsqlError | undefined;
  /** The tag DSQL answers with, where PostgreSQL's differs because the statement was rewritten. */
  readonly tag: string | undefined;
  /** Tables whose rows it changes or locks. */
  readonly targets: readonly TableName[];
  /** Tables of which it locks rows, by a locking clause. */
  readonly rowLocks: ReadonlyMap<TableName, LockStrength>;
  /** Tables it inserts into or updates. */
  readonly writes: readonly TableName[];
  /** Tables whose existing rows it changes. */
  readonly changes: readonly TableName[];
  /** The table or view it creates. */
  readonly creates: TableName | undefined;
  /** It is an INSERT with ON CONFLICT. */
  readonly onConflict: boolean;
  /** Every table it names. */
  readonly tables: readonly TableName[];
  /** It changes rows in more than one place: data-modifying CTEs, whose counts its tag does not hold. */
  readonly hiddenRows: boolean;
  /** How to learn the sizes of the rows it writes, when it inserts or updates. */
  readonly measure: Measure | undefined;
  /** CREATE INDEX ASYNC or ALTER TABLE ASYNC. */
  readonly async: boolean;
}
