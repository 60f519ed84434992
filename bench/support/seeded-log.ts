import type { Sql } from '../../lib/dsql/connect.ts';

/** Rows of one transaction of a seed; DSQL allows 3,000. */
const rowsAtOnce = 2_000;

/** Runs that a log is filled with. */
export interface Seed {
  readonly pipeline: string;
  readonly table?: string;
  readonly runs: number;
  /** Minutes between two runs; the last one began this long before `until`. */
  readonly everyMinutes: number;
  /** Rows that a run reads on the average. */
  readonly rows: number;
  /** Every so many runs one fails, one rejects rows, one is skipped; 0 for never. */
  readonly failEvery?: number;
  readonly rejectEvery?: number;
  readonly skipEvery?: number;
  readonly until?: Date;
}

/** Fills the execution log with runs whose numbers add up, as many and as regular as is said. */
export async function seedRuns(sql: Sql, seed: Seed): Promise<void> {
  const {
    everyMinutes,
    failEvery = 0,
    pipeline,
    rejectEvery = 0,
    rows,
    runs,
    skipEvery = 0,
    until = new Date(),
  } = seed;
  const hits = (every: number): string => (every === 0 ? 'false' : `n % ${every} = ${Math.floor(every / 2)}`);
  for (let from = 1; from <= runs; from += rowsAtOnce) {
    const to = Math.min(runs, from + rowsAtOnce - 1);
    await sql.unsafe(
      `INSERT INTO public.etl_execution_log
         (run_id, pipeline_name, status, trigger, start_time, end_time, execution_time_seconds, target_table, kind, load_mode,
          rows_read, rows_filtered, rows_deduplicated, rows_rejected, rows_loaded, rows_inserted, rows_updated, rows_unchanged,
          rows_deleted, bytes_read, conflict_retries, processed_records, stage, error_code, error_message, epoch)
       SELECT md5($1 || n), $1, status, 'schedule', at, at + took * interval '1 second', took, $2, 'load', 'upsert',
              read, read / 50, read / 100, rejected, loaded, loaded / 3, loaded - loaded / 3, 0, 0, read * 64, 0, loaded,
              CASE status WHEN 'failed' THEN 'load' END,
              CASE status WHEN 'failed' THEN 'target_unavailable' WHEN 'skipped' THEN 'already_loaded' END,
              CASE status WHEN 'failed' THEN 'The cluster did not answer in time.' WHEN 'skipped' THEN 'The same content was loaded.' END,
              n
         FROM (SELECT n, status, at, took, read, rejected,
                      CASE WHEN status = 'success' THEN read - read / 50 - read / 100 - rejected ELSE 0 END AS loaded
                 FROM (SELECT n, $3::text::timestamptz - (${runs} - n + 1) * interval '${everyMinutes} minutes' AS at,
                              CASE WHEN ${hits(failEvery)} THEN 'failed' WHEN ${hits(skipEvery)} THEN 'skipped' ELSE 'success' END AS status,
                              round((2 + 3 * abs(sin(n / 5.0)) + (n * 7919 % 100) / 60.0)::numeric, 3) AS took,
                              (${rows} * (0.75 + 0.2 * sin(n / 9.0) + (n * 104729 % 100) / 400.0))::bigint AS read,
                              CASE WHEN ${hits(rejectEvery)} THEN (n * 31 % 40) + 1 ELSE 0 END AS rejected
                         FROM generate_series(${from}, ${to}) AS n) AS a) AS b`,
      [pipeline, seed.table ?? pipeline, until],
    );
  }
}

/** The id of a seeded run by its place, from 1 for the oldest. */
export async function seededRunId(sql: Sql, pipeline: string, place: number): Promise<string> {
  const [row] = await sql<{ readonly id: string }[]>`SELECT md5(${pipeline} || ${place}::integer) AS id`;
  return row?.id ?? '';
}

/** Gives a seeded run batches in the ledger, rejected rows of six reasons, and details. */
export async function fillRun(
  sql: Sql,
  pipeline: string,
  runId: string,
  size: { readonly batches: number; readonly rejected: number },
): Promise<void> {
  await sql.unsafe(
    `INSERT INTO public.etl_load_ledger (run_id, chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected, loaded_at)
     SELECT $1, n / 40, n::text, 2000, 2000, 0, 0, l.start_time + n * interval '20 milliseconds'
       FROM generate_series(1, ${size.batches}) AS n, public.etl_execution_log l WHERE l.run_id = $1`,
    [runId],
  );
  await sql.unsafe(
    `INSERT INTO public.etl_rejected_row (rejected_id, run_id, pipeline_name, source, row_number, column_name, reason, row)
     SELECT md5($1 || n)::uuid, $1, $2, 'orders-' || n % 9 || '.csv', n, 'column_' || n % 6, 'is not a number of kind ' || n % 6,
            jsonb_build_object('id', n, 'column_' || n % 6, 'N/A', 'memo', repeat('text ', 20))
       FROM generate_series(1, ${size.rejected}) AS n`,
    [runId, pipeline],
  );
  const columns = Array.from({ length: 40 }, (_, index) => ({
    name: `column_${index}`,
    type: index % 3 === 0 ? 'bigint' : 'text',
    evidence: `all 48,000 values of column ${index} are what they should be`,
  }));
  const details = {
    stages: [
      { stage: 'start', seconds: 0.1 },
      { stage: 'extract', seconds: 1.2 },
      { stage: 'transform', seconds: 2.5 },
      { stage: 'load', seconds: 6.2 },
      { stage: 'record', seconds: 0.1 },
    ],
    columns,
    key_columns: ['column_0'],
    ddl: [`CREATE TABLE "${pipeline}" (uuid_id uuid PRIMARY KEY)`],
    sources: [{ source: 'orders-1.csv', format: 'csv', bytes: 2_000_000 }],
    sources_total: 1,
  };
  await sql`UPDATE public.etl_execution_log SET details = ${JSON.stringify(details)}::text::jsonb,
    warnings = 'Key column id only grows.' WHERE run_id = ${runId}`;
}
