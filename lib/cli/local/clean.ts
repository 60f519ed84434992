import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface CleanOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl clean`: removes files of runs that nobody will go on with. */
export const registerClean: RegisterCommand = (program, end) => {
  program
    .command('clean')
    .description('remove the files of runs that nobody will go on with; every run does so when it has ended')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (options: CleanOptions) => end(await clean(options)));
};

async function clean(options: CleanOptions): Promise<ExitStatus> {
  const [{ removeLeftovers }, { openTargetOf }, { ensureServiceTables }, { stateFolderOf }] = await Promise.all([
    import('./leftover-files.ts'),
    import('../target.ts'),
    import('../../state/service-tables.ts'),
    import('./state-folder.ts'),
  ]);
  const target = await openTargetOf(options);
  try {
    await ensureServiceTables(target);
    const { bytes, kept, removed } = await removeLeftovers(
      stateFolderOf(options.config),
      target,
      target.retry.clock.now(),
    );
    if (options.json === true) process.stdout.write(`${JSON.stringify({ removed, bytes, kept })}\n`);
    else {
      const megabytes = (bytes / 1_000_000).toLocaleString('en-US', { maximumFractionDigits: 1 });
      process.stdout.write(
        `Removed ${removed} folders with ${megabytes} MB; kept ${kept} of runs that can be continued or that belong to another target.\n`,
      );
    }
    return 0;
  } finally {
    await target.close();
  }
}
