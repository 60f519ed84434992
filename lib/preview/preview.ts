import type { Column, Exploded, Plan, Rejection, RuleCount } from '../manifest.ts';

/** What a run would do now, as far as it can be known without writing; one element of `etl preview --json`. */
export interface Preview {
  readonly pipeline_name: string;
  readonly target_table: string;
  readonly load_mode: string;
  /** Rows of the source that were looked at, at most; null for all of them. */
  readonly rows_limit: number | null;
  readonly outcome: Outcome;
  readonly columns: readonly PreviewColumn[];
  readonly counts: Plan['counts'];
  /** Where rows are elements of a list. */
  readonly exploded: Exploded | undefined;
  readonly rules: readonly RuleCount[];
  readonly rejections: readonly Rejection[];
  /** The first of them, with their places. */
  readonly rejected_rows: readonly ShownRejectedRow[];
  /** The first clean rows as they would be loaded, values as PostgreSQL reads them. */
  readonly sample: readonly Readonly<Record<string, string | null>>[];
  /** Statements that would change the table, in their order. */
  readonly ddl: readonly string[];
  /** Undefined where a run would write nothing. */
  readonly writes: PlannedWrites | undefined;
  /** What was found out about the source that the configuration may pin; one sentence each. */
  readonly recognised: readonly string[];
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/** How a run would end, as far as is known. */
export type Outcome =
  | { readonly status: 'load' }
  | { readonly status: 'skip' | 'fail'; readonly code: string; readonly message: string };

export interface PreviewColumn extends Column {
  /** new: the statements make it. present: the table has it. left_out: a run would not write it. gone: the source has it no more. */
  readonly state: 'new' | 'present' | 'left_out' | 'gone';
}

/** A row that would be kept aside. */
export interface ShownRejectedRow {
  readonly source: string;
  readonly row_number: number | null;
  readonly column_name: string | null;
  readonly reason: string;
  /** The row as JSON text, so that no digit of a number is lost. */
  readonly row: string;
}

/** What would become of the clean rows, and of the table's. Null is unknown. */
export interface PlannedWrites {
  readonly rows_inserted: number | null;
  readonly rows_updated: number | null;
  readonly rows_unchanged: number | null;
  /** Rows that the database would refuse, because their key is in the table. */
  readonly rows_rejected: number | null;
  /** Rows of the table that `replace` would delete. */
  readonly rows_deleted: number | null;
  /** Some of the rows that would be updated. */
  readonly updates: readonly RowChange[];
  /** Keys of some of the rows that would be deleted. */
  readonly deletions: readonly Readonly<Record<string, string>>[];
  /** Why something is unknown or not certain; one sentence each. */
  readonly unknown: readonly string[];
}

/** A row before and after. */
export interface RowChange {
  readonly key: Readonly<Record<string, string | null>>;
  /** The columns that differ. */
  readonly columns: Readonly<Record<string, { readonly before: string | null; readonly after: string | null }>>;
}
