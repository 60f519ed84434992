import { arrayLiteral } from '../dsql/array-literal.ts';
import type { Transaction } from '../dsql/connect.ts';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';

/**
 * SQL: nothing has been done about the rejected row `r` yet. A row that a run has run again is done while that run is a
 * success and has not been taken back, so that no second statement has to say so.
 */
export const openRejected = `(r.settled_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM public.etl_execution_log l
   WHERE l.run_id = r.replayed_run_id AND l.status = 'success' AND l.closed_by IS NULL))`;

/** Which rejected rows are meant. */
export interface RejectedChoice {
  readonly runId?: string | undefined;
  readonly pipelineName?: string | undefined;
  /** A part of the reason, in whatever case. */
  readonly reason?: string | undefined;
  /** Also those about which nothing has to be done any more. */
  readonly all?: boolean | undefined;
}

/** The condition of a choice; `$1` to `$3` are its values. */
function conditionOf({ all }: RejectedChoice): string {
  return `($1::text IS NULL OR r.run_id = $1) AND ($2::text IS NULL OR r.pipeline_name = $2)
    AND ($3::text IS NULL OR position(lower($3) IN lower(r.reason)) > 0)${all === true ? '' : ` AND ${openRejected}`}`;
}

function valuesOf({ pipelineName, reason, runId }: RejectedChoice): readonly (string | null)[] {
  return [runId ?? null, pipelineName ?? null, reason ?? null];
}

/** Rejected rows of one column and reason. */
export interface RejectedGroupCount {
  readonly pipeline_name: string;
  readonly column_name: string | null;
  readonly reason: string;
  readonly rows: number;
  readonly open: number;
  /** ISO 8601, UTC. */
  readonly first: string;
  readonly last: string;
}

/** How many rows were rejected for what, the most frequent first. */
export async function countRejected(sql: Statements, choice: RejectedChoice): Promise<readonly RejectedGroupCount[]> {
  const rows = await sql.unsafe<
    (Omit<RejectedGroupCount, 'rows' | 'open'> & { readonly n: string; readonly open: string })[]
  >(
    `SELECT r.pipeline_name, r.column_name, r.reason, count(*) AS n, count(*) FILTER (WHERE ${openRejected}) AS open,
            min(r.rejected_at) AS first, max(r.rejected_at) AS last
       FROM public.etl_rejected_row r WHERE ${conditionOf(choice)}
      GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 1, 2, 3`,
    valuesOf(choice),
  );
  return rows.map(({ first, last, n, open, ...group }) => ({
    ...group,
    rows: Number(n),
    open: Number(open),
    first: isoTimestamp(first, timestamptz),
    last: isoTimestamp(last, timestamptz),
  }));
}

/** Rows of a run that the database refused with the same words. */
export interface RefusedGroup {
  readonly reason: string;
  readonly rows: number;
  /** Where one of them is: its chunk and its row there. */
  readonly first: string;
}

/** Why the database refused rows of a run, the most frequent first. */
export async function countRefused(sql: Statements, runId: string): Promise<readonly RefusedGroup[]> {
  const groups = await sql<{ readonly reason: string; readonly n: string; readonly first: string }[]>`
    SELECT reason, count(*) AS n, min(source) AS first FROM public.etl_rejected_row
     WHERE run_id = ${runId} AND row_number IS NULL AND source ~ '^chunk [0-9]+ row [0-9]+$'
     GROUP BY reason ORDER BY count(*) DESC, reason`;
  return groups.map(({ first, n, reason }) => ({ reason, rows: Number(n), first }));
}

/** One rejected row. */
export interface KeptRow {
  readonly id: string;
  readonly run_id: string;
  readonly source: string | null;
  readonly row_number: string | null;
  readonly column_name: string | null;
  readonly reason: string;
  /** The row as JSON text, numbers with all their digits. */
  readonly row: string;
}

const keptColumns =
  'r.rejected_id AS id, r.run_id, r.source, r.row_number, r.column_name, r.reason, r.row::text AS row';

/** The first rows of a group, in the order of their places. */
export async function sampleRejected(
  sql: Statements,
  choice: RejectedChoice,
  group: Pick<RejectedGroupCount, 'pipeline_name' | 'column_name' | 'reason'>,
  rows: number,
  offset = 0,
): Promise<readonly KeptRow[]> {
  return await sql.unsafe<KeptRow[]>(
    `SELECT ${keptColumns} FROM public.etl_rejected_row r
      WHERE ${conditionOf({ ...choice, reason: undefined })} AND r.reason = $4 AND r.column_name IS NOT DISTINCT FROM $5
      ORDER BY r.rejected_at DESC, r.source, r.row_number, r.rejected_id LIMIT ${rows} OFFSET ${offset}`,
    [...valuesOf({ ...choice, pipelineName: group.pipeline_name, reason: undefined }), group.reason, group.column_name],
  );
}

const pageRows = 1_000;

/** All rejected rows of a choice, in the order of their ids, some at a time. */
export async function* rejectedPages(sql: Statements, choice: RejectedChoice): AsyncGenerator<readonly KeptRow[]> {
  let last: string | null = null;
  for (;;) {
    const page: readonly KeptRow[] = await sql.unsafe<KeptRow[]>(
      `SELECT ${keptColumns} FROM public.etl_rejected_row r
        WHERE ${conditionOf(choice)} AND ($4::text IS NULL OR r.rejected_id > $4::text::uuid)
        ORDER BY r.rejected_id LIMIT ${pageRows}`,
      [...valuesOf(choice), last],
    );
    if (page.length > 0) yield page;
    if (page.length < pageRows) return;
    last = page.at(-1)?.id ?? null;
  }
}

/** The names of the rows' columns, each once. */
export async function rejectedColumns(sql: Statements, choice: RejectedChoice): Promise<readonly string[]> {
  const rows = await sql.unsafe<{ readonly name: string }[]>(
    `SELECT k AS name, min(n) FROM public.etl_rejected_row r,
            jsonb_object_keys(r.row) WITH ORDINALITY AS given (k, n) WHERE ${conditionOf(choice)} GROUP BY 1 ORDER BY 2, 1`,
    valuesOf(choice),
  );
  return rows.map(({ name }) => name);
}

/** Notes that a run runs these rows of another one again. @returns how many of them were open and are now claimed */
export async function claimRejected(
  transaction: Transaction,
  ofRun: string,
  byRun: string,
  ids: readonly string[],
): Promise<number> {
  const claimed = await transaction.unsafe(
    `UPDATE public.etl_rejected_row r SET replayed_run_id = $2
      WHERE r.run_id = $1 AND r.rejected_id IN (SELECT unnest($3::uuid[])) AND ${openRejected}`,
    [ofRun, byRun, arrayLiteral(ids)],
  );
  return claimed.count ?? 0;
}

/**
 * Says of some rows of a choice that nothing has to be done about them any more, as many as one transaction may change.
 *
 * @returns rows settled; 0 when all are
 */
export async function settleSome(
  transaction: Transaction,
  choice: RejectedChoice,
  by: { readonly runId: string | null; readonly why: string },
  most: number,
): Promise<number> {
  const settled = await transaction.unsafe(
    `UPDATE public.etl_rejected_row
        SET replayed_run_id = COALESCE($4, replayed_run_id), settled_at = CURRENT_TIMESTAMP, settled_why = $5
      WHERE rejected_id IN (SELECT r.rejected_id FROM public.etl_rejected_row r WHERE ${conditionOf(choice)} LIMIT ${most})`,
    [...valuesOf(choice), by.runId, by.why],
  );
  return settled.count ?? 0;
}
