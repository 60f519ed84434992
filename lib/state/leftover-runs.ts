import type { Sql } from '../dsql/connect.ts';

/**
 * What becomes of runs whose files are still there: `over` where nobody goes on with the run, because it ended, was given
 * up, or a later run of its pipeline into the same table has succeeded; `open` where somebody does or may. A run that is
 * not in the log is in neither.
 *
 * @param runIds  letters, digits, `-` and `_`
 */
export async function leftoverRuns(sql: Sql, runIds: readonly string[]): Promise<ReadonlyMap<string, 'over' | 'open'>> {
  const rows = await sql<{ readonly run_id: string; readonly over: boolean }[]>`
    SELECT l.run_id,
           NOT EXISTS (SELECT 1 FROM public.etl_state s WHERE s.lease->>'run_id' = l.run_id)
           AND (l.status IN ('success', 'skipped') OR l.error_code = 'abandoned'
                OR EXISTS (SELECT 1 FROM public.etl_execution_log later
                            WHERE later.pipeline_name = l.pipeline_name AND later.target_table = l.target_table
                              AND later.status = 'success' AND later.start_time > l.start_time
                              AND COALESCE(later.kind, 'load') = 'load')) AS over
      FROM public.etl_execution_log l
     WHERE l.run_id = ANY(${`{${runIds.join(',')}}`}::text[])`;
  return new Map(rows.map(({ over, run_id }) => [run_id, over ? 'over' : 'open']));
}
