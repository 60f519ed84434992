import { UnknownPipelineError } from '../../config/errors.ts';
import type { Sql } from '../../dsql/connect.ts';
import { nearest } from '../../nearest.ts';
import { ownValue } from '../../own-value.ts';
import { findLastRun } from '../../state/run-history.ts';
import { optionalConfig } from '../local/state-folder.ts';

/**
 * The table of a pipeline: as the configuration has it, else as its last run had it.
 *
 * @throws {UnknownPipelineError} where neither knows it
 */
export async function tableOf(
  sql: Sql,
  options: { readonly config?: string | undefined; readonly stage?: string | undefined },
  pipeline: string,
): Promise<string> {
  const pipelines = optionalConfig(options.config, options.stage)?.config.pipelines ?? {};
  const settings = ownValue(pipelines, pipeline);
  if (settings !== undefined) return settings.target_table;
  const [last] = await findLastRun(sql, pipeline);
  if (last !== undefined) return last.target_table;
  const known = Object.keys(pipelines);
  throw new UnknownPipelineError(pipeline, known, nearest(pipeline, known));
}
