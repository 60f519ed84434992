import path from 'node:path';
import { systemClock } from '../clock.ts';
import { readEnvironment } from '../config/environment.ts';
import type { LoadedConfig } from '../config/read-config.ts';
import { secretResolver } from '../config/resolve-secret.ts';
import type { RunDemand } from '../run/request.ts';
import type { RunResult } from '../run/result.ts';
import { choosePipelines, runPipelines } from '../run/run-pipelines.ts';
import { folderStore } from '../store/folder-store.ts';
import { readAwsSecret } from './aws-secret.ts';
import { checkRulesOf } from './check.ts';
import type { ExitStatus } from './main.ts';
import { showProgress } from './progress.ts';
import { describeResult } from './result-text.ts';
import { s3For } from './s3.ts';
import { requireConfig, stateFolder } from './state-folder.ts';
import { openTarget } from './target.ts';

export interface RunOptions {
  readonly config?: string;
  readonly target?: string;
  readonly again?: boolean;
  readonly force?: boolean;
  readonly wait?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `etl run`: runs pipelines and says what happened to every row. */
export async function runCommand(pipelines: readonly string[], options: RunOptions): Promise<ExitStatus> {
  const loaded = requireConfig(options.config);
  const results = await runConfigured(loaded, pipelines, options);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ runs: results }, null, 2)}\n`);
  return results.some((result) => result.status === 'failed') ? 1 : 0;
}

/** Runs pipelines of a configuration that has been read; also what `npm start` calls. */
export async function runConfigured(
  loaded: LoadedConfig,
  pipelines: readonly string[],
  options: Omit<RunOptions, 'config'>,
): Promise<readonly RunResult[]> {
  const names = choosePipelines(loaded, pipelines);
  await checkRulesOf(loaded, names);
  const out = options.json === true ? process.stderr : process.stdout;
  const stateDir = stateFolder(loaded.folder);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new InterruptedError());
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const target = await openTarget(options.target, loaded.config.aurora_dsql, stateDir);
  const progress = showProgress(process.stderr, options.quiet === true);
  try {
    if (options.quiet !== true) {
      out.write(
        `Loading ${names.length === 1 ? names[0] : `${names.length} pipelines`} into ${target.where.endpoint}.\n`,
      );
    }
    return await runPipelines(
      loaded,
      names,
      {
        sql: target.sql,
        where: target.where,
        store: folderStore(stateDir),
        scratchDir: path.join(stateDir, 'scratch', String(process.pid)),
        connections: target.connections,
        resolveSecret: secretResolver(readEnvironment(), readAwsSecret(loaded.config.aurora_dsql.region)),
        ...(await s3For(loaded, names)),
        clock: systemClock,
        random: Math.random,
        signal: interrupt.signal,
        onProgress: progress.report,
      },
      demandOf(options),
      {
        start: progress.start,
        end: (result) => {
          progress.stop();
          if (options.json !== true) out.write(`${describeResult(result)}\n`);
        },
      },
    );
  } finally {
    progress.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await target.close();
  }
}

function demandOf(options: Omit<RunOptions, 'config'>): RunDemand {
  const range = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
  };
  return {
    trigger: 'cli',
    again: options.again === true,
    force: options.force === true,
    wait: options.wait === true,
    ...(Object.keys(range).length === 0 ? {} : { range }),
  };
}

class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor() {
    super('Interrupted. Run the same command again to go on where it stopped.');
  }
}
