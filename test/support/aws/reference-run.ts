import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../../lib/config/read-config.ts';
import type { RunResult } from '../../../lib/run/result.ts';
import { runPipelines } from '../../../lib/run/run-pipelines.ts';
import { folderStore } from '../../../lib/store/folder-store.ts';
import { type LocalTarget, localTarget } from '../local-target.ts';

/** The same configuration run as `etl run` does, into a local DSQL of its own. */
export async function referenceRun(
  config: string,
  names: readonly string[],
): Promise<{ readonly target: LocalTarget; readonly results: readonly RunResult[] }> {
  const target = await localTarget();
  const file = path.join(target.folder, 'etl.yaml');
  writeFileSync(file, config);
  const results = await runPipelines(
    loadConfig(file),
    names,
    {
      target,
      store: folderStore(path.join(target.folder, 'runs')),
      scratchDir: path.join(target.folder, 'scratch'),
      connections: 4,
      resolveSecret: async () => '',
    },
    { trigger: 'cli', again: false },
    {},
  );
  return { target, results };
}
