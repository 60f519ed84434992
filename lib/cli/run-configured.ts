import { rm } from 'node:fs/promises';
import path from 'node:path';
import { secretReader } from '../aws/secret-reader.ts';
import { readEnvironment } from '../config/environment.ts';
import type { LoadedConfig } from '../config/read-config.ts';
import { secretResolver } from '../config/resolve-secret.ts';
import type { RunResult } from '../run/result.ts';
import type { RunDemand } from '../run/run-demand.ts';
import { choosePipelines, runPipelines } from '../run/run-pipelines.ts';
import { folderStore } from '../store/folder-store.ts';
import { checkRulesOf } from './check-rules.ts';
import { confirm, NotConfirmedError } from './confirm.ts';
import { removeLeftovers } from './leftover-files.ts';
import { showProgress } from './progress.ts';
import { describeResult } from './result-text.ts';
import { s3For } from './s3.ts';
import { privateStateFolder } from './state-folder.ts';
import { openTarget } from './target.ts';

/** The options of `etl run`. */
export interface RunOptions {
  readonly target?: string | undefined;
  readonly again?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly fullRefresh?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Runs pipelines of a configuration that has been read, and writes how each ended. */
export async function runConfigured(
  loaded: LoadedConfig,
  pipelines: readonly string[],
  options: RunOptions,
): Promise<readonly RunResult[]> {
  const names = choosePipelines(loaded, pipelines);
  await checkRulesOf(loaded, names);
  if (options.fullRefresh === true) await confirmRefresh(names, options.yes === true);
  const out = options.json === true ? process.stderr : process.stdout;
  const stateDir = privateStateFolder(loaded.folder);
  const scratchDir = path.join(stateDir, 'scratch', String(process.pid));
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new InterruptedError());
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const target = await openTarget(options.target, loaded.config.aurora_dsql, stateDir);
  const s3 = await s3For(loaded, names);
  const progress = showProgress(process.stderr, options.quiet === true);
  try {
    if (options.quiet !== true) {
      out.write(
        `Loading ${names.length === 1 ? names[0] : `${names.length} pipelines`} into ${target.where.endpoint}.\n`,
      );
    }
    const results = await runPipelines(
      loaded,
      names,
      {
        target: { ...target, retry: { ...target.retry, signal: interrupt.signal } },
        store: folderStore(stateDir),
        scratchDir,
        connections: target.connections,
        resolveSecret: secretResolver(readEnvironment(), secretReader(loaded.config.aurora_dsql.region)),
        ...(s3 === undefined ? {} : { s3 }),
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
    // What an earlier run left behind can wait, where the target cannot be asked about it.
    await removeLeftovers(stateDir, target, target.retry.clock.now()).catch(() => undefined);
    return results;
  } finally {
    progress.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await rm(scratchDir, { recursive: true, force: true });
    await target.close();
  }
}

/** @throws {NotConfirmedError} unless somebody says yes */
async function confirmRefresh(names: readonly string[], yes: boolean): Promise<void> {
  const what = `--full-refresh deletes what ${names.join(', ')} loaded before it reads the source again; until then readers miss those rows.`;
  if (!(await confirm(what, 'Go on?', yes))) throw new NotConfirmedError(what);
}

function demandOf(options: RunOptions): RunDemand {
  const range = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
  };
  return {
    trigger: 'cli',
    again: options.again === true,
    force: options.force === true,
    fullRefresh: options.fullRefresh === true,
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
