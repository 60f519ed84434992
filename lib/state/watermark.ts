import type { Sql, Transaction } from '../dsql/connect.ts';
import { isoTimestamp, timestamptz } from '../dsql/json-rows.ts';
import type { Statements } from '../dsql/sql.ts';
import { type Watermark, watermarkSchema } from '../manifest.ts';
import type { TableDefinition } from './table-definition.ts';

/** How far a pipeline's source has been loaded into a table. It belongs to the table it was made for, and dies with it. */
export const pipelineWatermark = {
  name: 'etl_watermark',
  columns: {
    pipeline_name: { type: 'text', required: true },
    /** What the catalog knows the table by. */
    table_id: { type: 'text', required: true },
    target_table: { type: 'text' },
    watermark: { type: 'jsonb' },
    run_id: { type: 'text' },
    updated_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
  },
  primaryKey: ['pipeline_name', 'table_id'],
} as const satisfies TableDefinition;

/**
 * How far the pipeline's source has been loaded into this table; undefined before its first incremental success. A
 * watermark that an older release kept without its table is taken until this one has written the first.
 */
export async function readWatermark(sql: Sql, pipelineName: string, tableId: string): Promise<Watermark | undefined> {
  const rows = await sql<{ readonly watermark: string | null }[]>`
    SELECT watermark::text AS watermark FROM public.etl_watermark
     WHERE pipeline_name = ${pipelineName} AND table_id = ${tableId}
    UNION ALL
    SELECT watermark::text FROM public.etl_state
     WHERE pipeline_name = ${pipelineName}
       AND NOT EXISTS (SELECT 1 FROM public.etl_watermark w WHERE w.pipeline_name = ${pipelineName})`;
  const text = rows[0]?.watermark;
  return text === undefined || text === null ? undefined : watermarkSchema.parse(JSON.parse(text));
}

/** How far a pipeline's source has been loaded into one table. */
export interface KeptWatermark {
  readonly target_table: string | null;
  readonly watermark: Watermark;
  /** The run that moved it; null where a later run was taken back. */
  readonly run_id: string | null;
  /** ISO 8601, UTC. */
  readonly updated_at: string;
}

/** The watermarks of a pipeline, of each table that it has loaded into, the one that moved last first. */
export async function watermarksOf(sql: Statements, pipelineName: string): Promise<readonly KeptWatermark[]> {
  const rows = await sql<(Omit<KeptWatermark, 'watermark'> & { readonly watermark: string })[]>`
    SELECT target_table, watermark::text AS watermark, run_id, updated_at FROM public.etl_watermark
     WHERE pipeline_name = ${pipelineName} AND watermark IS NOT NULL ORDER BY updated_at DESC`;
  return rows.map((row) => ({
    ...row,
    watermark: watermarkSchema.parse(JSON.parse(row.watermark)),
    updated_at: isoTimestamp(row.updated_at, timestamptz),
  }));
}

/** Moves the watermark, and notes in the run's row where it was; within the transaction that logs the success of the run that read so far. */
export async function writeWatermark(
  transaction: Transaction,
  table: { readonly id: string; readonly name: string },
  run: { readonly pipelineName: string; readonly runId: string },
  watermark: Watermark,
): Promise<void> {
  await transaction`
    UPDATE public.etl_execution_log SET former_watermark = COALESCE(
             (SELECT watermark FROM public.etl_watermark
               WHERE pipeline_name = ${run.pipelineName} AND table_id = ${table.id}),
             (SELECT watermark FROM public.etl_state WHERE pipeline_name = ${run.pipelineName}))
     WHERE run_id = ${run.runId}`;
  await transaction`
    INSERT INTO public.etl_watermark (pipeline_name, table_id, target_table, watermark, run_id)
    VALUES (${run.pipelineName}, ${table.id}, ${table.name}, ${JSON.stringify(watermark)}::text::jsonb, ${run.runId})
    ON CONFLICT (pipeline_name, table_id) DO UPDATE
       SET watermark = EXCLUDED.watermark, run_id = EXCLUDED.run_id, updated_at = CURRENT_TIMESTAMP`;
}

/** Moves the watermark back to where it was before the run that moved it last. @returns false where another run did, or none */
export async function restoreWatermark(
  transaction: Transaction,
  { pipelineName }: { readonly pipelineName: string },
  runId: string,
): Promise<boolean> {
  const restored = await transaction`
    UPDATE public.etl_watermark w
       SET watermark = l.former_watermark, run_id = NULL, updated_at = CURRENT_TIMESTAMP
      FROM public.etl_execution_log l
     WHERE w.pipeline_name = ${pipelineName} AND w.run_id = ${runId} AND l.run_id = ${runId} AND l.load_mode IS NOT NULL`;
  return (restored.count ?? 0) > 0;
}

/** Forgets how far the pipeline's source has been loaded into a table of this name. */
export async function forgetWatermarks(
  transaction: Transaction,
  of: { readonly pipelineName: string; readonly targetTable: string },
): Promise<void> {
  await transaction`
    DELETE FROM public.etl_watermark WHERE pipeline_name = ${of.pipelineName} AND target_table = ${of.targetTable}`;
  // What a release without the table above kept there.
  await transaction`UPDATE public.etl_state SET watermark = NULL WHERE pipeline_name = ${of.pipelineName}`;
}
