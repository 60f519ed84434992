import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { secretReader } from '../../aws/secret-reader.ts';
import { readEnvironment } from '../../config/environment.ts';
import type { LoadedConfig } from '../../config/read-config.ts';
import { refreshTokensOf } from '../../config/refresh-tokens.ts';
import { secretResolver } from '../../config/resolve-secret.ts';
import type { RunProgress } from '../../run/run-context.ts';
import type { SharedContext } from '../../run/run-pipelines.ts';
import { transformInPieces } from '../../scatter/transform-in-pieces.ts';
import { folderStore } from '../../store/folder-store.ts';
import { removeLeftovers } from '../local/leftover-files.ts';
import { privateStateFolder } from '../local/state-folder.ts';
import { openTarget } from '../target.ts';
import { type ProgressDisplay, showProgress } from './progress.ts';
import { s3For } from './s3.ts';

/** What runs of a command share, while it lasts. */
export interface Sharing {
  readonly shared: SharedContext;
  readonly progress: ProgressDisplay;
}

/**
 * Opens what runs need, does something with it, and closes it: the target, the state folder with its working files, S3, the
 * progress, and the signals, of which the first stops a run between two transactions, and the second the process.
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
  const onSignal = (): void => {
    // Who asks twice does not wait for what is under way; the next run goes on all the same.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort(new InterruptedError());
    progress?.stop();
    process.stderr.write('Stopping when the transactions under way have ended. Ctrl-C once more stops at once.\n');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  let progress: ProgressDisplay | undefined;
  const target = await openTarget(options.target, loaded.config.aurora_dsql, stateDir);
  target.sql.openAhead();
  const display = showProgress(process.stderr, options.quiet === true);
  progress = display;
  try {
    const s3 = await s3For(loaded, names);
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    const { region } = loaded.config.aurora_dsql;
    const resolveSecret = secretResolver(readEnvironment(), secretReader(region));
    const { clock } = target.retry;
    const shared = {
      target: { ...target, retry: { ...target.retry, signal: interrupt.signal } },
      store: folderStore(stateDir),
      scratchDir,
      connections: target.connections,
      deploy: loaded.config.deploy,
      resolveSecret,
      refreshTokens: refreshTokensOf({
        env: {
          exclusively: async (...use) => {
            const { tokenFolder } = await import('./token-folder.ts');
            return await tokenFolder(stateDir, resolveSecret, clock, interrupt.signal).exclusively(...use);
          },
        },
        secret: {
          exclusively: async (...use) => {
            const { secretRefreshTokens } = await import('../../aws/refresh-token-secret.ts');
            return await secretRefreshTokens(region, resolveSecret, clock).exclusively(...use);
          },
        },
      }),
      ...(s3 === undefined ? {} : { s3 }),
      inPieces: transformInPieces,
      onProgress: (step: RunProgress) => {
        if (!interrupt.signal.aborted) display.report(step);
      },
    };
    const done = await work({ shared, progress: display });
    // What an earlier run left behind can wait, where the target cannot be asked about it.
    await removeLeftovers(stateDir, target, target.retry.clock.now()).catch(() => undefined);
    return done;
  } finally {
    display.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    await Promise.all([rm(scratchDir, { recursive: true, force: true }), target.close()]);
  }
}

class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor() {
    super('Interrupted. Run the same command again to go on where it stopped.');
  }
}
