import type { LocalTarget } from '../local-target.ts';

/** What runs of a pipeline have left, but for their times. */
export interface LeftBy {
  /** With their types. */
  readonly columns: readonly unknown[];
  /** With their ids, in an order of their own; of many how many there are, and the sum of their hashes. */
  readonly rows: readonly string[];
  readonly rejected: readonly string[];
  /** What the execution log says of each run. */
  readonly log: unknown;
}

/** @param pipeline  loads into a table of its own name */
export async function leftBy(
  { sql }: Pick<LocalTarget, 'sql'>,
  pipeline: string,
  rowsAs: 'each' | 'sum' = 'each',
): Promise<LeftBy> {
  const columns = await sql<{ column_name: string }[]>`
    SELECT column_name, data_type, numeric_precision, numeric_scale, is_nullable
      FROM information_schema.columns WHERE table_name = ${pipeline}
       AND column_name NOT IN ('created_at', 'updated_at', 'extracted_at') ORDER BY ordinal_position`;
  const list = columns.map(({ column_name }) => `"${column_name}"`).join(', ');
  const line = `ROW(${list})::text`;
  const what = rowsAs === 'each' ? line : `ROW(count(*), sum(hashtextextended(${line}, 0)))::text`;
  const rows = await sql.unsafe<{ line: string }[]>(`SELECT ${what} AS line FROM ${pipeline}`);
  const rejected = await sql<{ line: string }[]>`
    SELECT ROW(source, row_number, column_name, reason, row)::text AS line FROM etl_rejected_row WHERE pipeline_name = ${pipeline}`;
  const log = await sql`
    SELECT status, processed_records, rows_read, rows_filtered, rows_deduplicated, rows_rejected, rows_loaded, rows_inserted,
           rows_updated, rows_unchanged, bytes_read, source_fingerprint, stage, error_code
      FROM etl_execution_log WHERE pipeline_name = ${pipeline} ORDER BY start_time`;
  const sorted = (lines: readonly { readonly line: string }[]): readonly string[] =>
    lines.map((row) => row.line).sort();
  return { columns, rows: sorted(rows), rejected: sorted(rejected), log: JSON.parse(JSON.stringify(log)) as unknown };
}
