import type { LoadedConfig } from '../config/read-config.ts';
import { ownValue } from '../own-value.ts';
import type { RunResult } from './result.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';
import { runPipeline } from './run-pipeline.ts';

/** What all pipelines of a call have in common. */
export type SharedContext = Omit<RunContext, 'pipeline' | 'baseDir'>;

/** Runs pipelines one after another; the failure of one does not stop the rest. */
export async function runPipelines(
  loaded: LoadedConfig,
  names: readonly string[],
  shared: SharedContext,
  demand: RunDemand,
  on: { readonly start?: (name: string) => void; readonly end?: (result: RunResult) => void },
): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  for (const name of names) {
    const settings = ownValue(loaded.config.pipelines, name);
    // Whoever is told to stop begins no further one.
    if (settings === undefined || shared.target.retry.signal?.aborted === true) continue;
    on.start?.(name);
    const pipeline = { name, settings, dataSource: loaded.config.data_source };
    const result = await runPipeline({ ...shared, pipeline, baseDir: loaded.folder }, demand);
    on.end?.(result);
    results.push(result);
  }
  return results;
}
