import path from 'node:path';
import type { LoadedConfig } from '../../config/read-config.ts';
import { ownValue } from '../../own-value.ts';
import { choosePipelines } from '../../run/choose-pipelines.ts';
import type { RunContext } from '../../run/run-context.ts';
import { folderStore } from '../../store/folder-store.ts';
import { checkRulesOf } from '../check/check-rules.ts';
import { sharing } from './shared-context.ts';

/**
 * Opens everything that a look at pipelines needs, as a run would, and does `work` for each of them. Its store is a
 * scratch folder of this process, which is removed at the end.
 */
export async function lookAtPipelines<T>(
  loaded: LoadedConfig,
  pipelines: readonly string[],
  options: { readonly target?: string | undefined },
  work: (context: RunContext) => Promise<T>,
): Promise<readonly T[]> {
  const names = choosePipelines(loaded, pipelines);
  await checkRulesOf(loaded, names);
  return await sharing(loaded, names, { ...options, quiet: true }, async ({ shared }) => {
    const store = folderStore(path.join(shared.scratchDir, 'look'));
    const found: T[] = [];
    for (const name of names) {
      const settings = ownValue(loaded.config.pipelines, name);
      if (settings === undefined) continue;
      const pipeline = { name, settings, dataSource: loaded.config.data_source };
      found.push(await work({ ...shared, pipeline, baseDir: loaded.folder, store }));
    }
    return found;
  });
}
