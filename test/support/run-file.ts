import path from 'node:path';
import { parseConfig } from '../../lib/config/read-config.ts';
import type { RunResult } from '../../lib/run/result.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import type { LocalTarget } from './local-target.ts';

/** One run of a pipeline, named like its table where nothing else is said, that loads a file; its state and scratch files are in `folder`. */
export async function runFile(
  target: LocalTarget,
  given: {
    readonly folder: string;
    readonly file: string;
    readonly table: string;
    readonly pipeline?: string | undefined;
    /** More of the pipeline's settings, as YAML in one line. */
    readonly settings?: string;
  } & Partial<Pick<RunContext, 'chunkRows' | 'connections' | 'inPieces' | 'onProgress' | 's3'>> & {
      readonly again?: boolean | undefined;
      readonly signal?: AbortSignal | undefined;
    },
): Promise<RunResult> {
  const { again, file, folder, pipeline: name, settings: more, signal, table, ...context } = given;
  const written = [
    `source_type: file, file_path: ${file}, target_table: ${table}`,
    ...(more === undefined ? [] : [more]),
  ];
  const config = parseConfig(`pipelines: { sample: { ${written.join(', ')} } }`, 'test');
  const settings = config.pipelines.sample;
  if (settings === undefined) throw new Error('no pipeline');
  return await runPipeline(
    {
      pipeline: { name: name ?? table, settings, dataSource: config.data_source },
      baseDir: folder,
      target: { ...target, retry: { ...target.retry, signal } },
      store: folderStore(path.join(folder, 'state')),
      scratchDir: path.join(folder, 'scratch'),
      connections: 4,
      resolveSecret: async () => '',
      ...context,
    },
    { trigger: 'cli', again: again === true },
  );
}
