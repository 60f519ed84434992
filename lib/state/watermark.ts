import type { Sql } from '../dsql/connect.ts';
import { type Watermark, watermarkSchema } from '../manifest.ts';

/** How far the pipeline's source has been loaded; undefined before its first incremental success. */
export async function readWatermark(sql: Sql, pipelineName: string): Promise<Watermark | undefined> {
  const rows = await sql<{ readonly watermark: string | null }[]>`
    SELECT watermark::text AS watermark FROM public.etl_state WHERE pipeline_name = ${pipelineName}`;
  const text = rows[0]?.watermark;
  return text === undefined || text === null ? undefined : watermarkSchema.parse(JSON.parse(text));
}

/** Moves the watermark; within the transaction that logs the success of the run that read so far. */
export async function writeWatermark(
  sql: Pick<Sql, 'unsafe'>,
  pipelineName: string,
  runId: string,
  watermark: Watermark,
): Promise<void> {
  await sql.unsafe(
    `INSERT INTO public.etl_state AS s (pipeline_name, watermark, run_id) VALUES ($1, $2::text::jsonb, $3)
     ON CONFLICT (pipeline_name) DO UPDATE
        SET watermark = EXCLUDED.watermark, run_id = EXCLUDED.run_id, updated_at = CURRENT_TIMESTAMP`,
    [pipelineName, JSON.stringify(watermark), runId],
    { prepare: true },
  );
}
