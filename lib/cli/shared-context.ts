import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { secretReader } from '../aws/secret-reader.ts';
import { readEnvironment } from '../config/environment.ts';
import type { LoadedConfig } from '../config/read-config.ts';
import { secretResolver } from '../config/resolve-secret.ts';
import type { SharedContext } from '../run/run-pipelines.ts';
import { folderStore } from '../store/folder-store.ts';
import { removeLeftovers } from './leftover-files.ts';
import { type ProgressDisplay, showProgress } from './progress.ts';
import { s3For } from './s3.ts';
import { privateStateFolder } from './state-folder.ts';
import { openTarget } from './target.ts';

/** What runs of a command share, while it lasts. */
export interface Sharing {
  readonly shared: SharedContext;
  readonly progress: ProgressDisplay;
}

/**
 * Opens what runs need, does something with it, and closes it: the target, the state folder with its working files, S3, the
 * progress, and the signals, of which the first stops a run between two transactions.
 */
export async function sharing<T>(
  loaded: LoadedConfig,
  names: readonly string[],
  options: { readonly target?: string | undefined; readonly quiet?: boolean | undefined },
  work: (sharing: Sharing) => Promise<T>,
): Promise<T> {
  const stateDir = privateStateFolder(loaded.folder);
  const scratchDir = path.join(stateDir, 'scratch', String(process.pid));
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new InterruptedError());
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const target = await openTarget(options.target, loaded.config.aurora_dsql, stateDir);
  const progress = showProgress(process.stderr, options.quiet === true);
  try {
    const s3 = await s3For(loaded, names);
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    const shared = {
      target: { ...target, retry: { ...target.retry, signal: interrupt.signal } },
      store: folderStore(stateDir),
      scratchDir,
      connections: target.connections,
      resolveSecret: secretResolver(readEnvironment(), secretReader(loaded.config.aurora_dsql.region)),
      ...(s3 === undefined ? {} : { s3 }),
      onProgress: progress.report,
    };
    const done = await work({ shared, progress });
    // What an earlier run left behind can wait, where the target cannot be asked about it.
    await removeLeftovers(stateDir, target, target.retry.clock.now()).catch(() => undefined);
    return done;
  } finally {
    progress.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await rm(scratchDir, { recursive: true, force: true });
    await target.close();
  }
}

class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor() {
    super('Interrupted. Run the same command again to go on where it stopped.');
  }
}
