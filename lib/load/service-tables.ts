import type { Sql } from '../dsql/connect.ts';
import { type RetryContext, runStatement } from '../dsql/retry.ts';

/** The tables the service keeps in the target, with the statements that make them. */
export const serviceTables: Readonly<Record<string, string>> = {
  etl_execution_log: `CREATE TABLE IF NOT EXISTS public.etl_execution_log (
    run_id text PRIMARY KEY,
    pipeline_name text NOT NULL,
    status text NOT NULL,
    trigger text NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    execution_time_seconds numeric(18,3),
    processed_records bigint,
    target_table text NOT NULL,
    error_message text,
    stage text,
    error_code text,
    rows_read bigint,
    rows_filtered bigint,
    rows_deduplicated bigint,
    rows_rejected bigint,
    rows_loaded bigint,
    rows_inserted bigint,
    rows_updated bigint,
    rows_unchanged bigint,
    rows_deleted bigint,
    bytes_read bigint,
    conflict_retries bigint,
    verified text,
    warnings text,
    source_fingerprint text,
    plan_fingerprint text,
    event_id text
  )`,
  etl_load_ledger: `CREATE TABLE IF NOT EXISTS public.etl_load_ledger (
    run_id text NOT NULL,
    chunk integer NOT NULL,
    batch text NOT NULL,
    rows_loaded integer NOT NULL,
    rows_inserted integer NOT NULL,
    rows_updated integer NOT NULL,
    rows_rejected integer NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (run_id, chunk, batch)
  )`,
  etl_state: `CREATE TABLE IF NOT EXISTS public.etl_state (
    pipeline_name text PRIMARY KEY,
    watermark jsonb,
    lease jsonb,
    run_id text,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
  )`,
  etl_rejected_row: `CREATE TABLE IF NOT EXISTS public.etl_rejected_row (
    rejected_id uuid PRIMARY KEY,
    run_id text NOT NULL,
    pipeline_name text NOT NULL,
    source text,
    row_number bigint,
    column_name text,
    reason text NOT NULL,
    row jsonb,
    replayed_run_id text,
    rejected_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
  )`,
};

/** Creates the service's tables where they are missing; one look at the catalog when they are all there. Safe to repeat. */
export async function ensureServiceTables(
  sql: Sql,
  where: { readonly endpoint: string; readonly user: string },
  retry: RetryContext,
): Promise<void> {
  const names = Object.keys(serviceTables);
  const present = await runStatement(
    'Reading the catalog',
    where,
    retry,
    async () =>
      await sql<{ readonly relname: string }[]>`
      SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = ANY(${`{${names.join(',')}}`}::text::text[])`,
  );
  const missing = names.filter((name) => !present.some((row) => row.relname === name));
  for (const name of missing) {
    await runStatement(`CREATE TABLE ${name}`, where, retry, async () => await sql.unsafe(serviceTables[name] ?? ''));
  }
}
