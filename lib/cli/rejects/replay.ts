import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { ReplayOptions } from './replay-configured.ts';

/** `etl replay`: runs rejected rows of a run again. */
export const registerReplay: RegisterCommand = (program, end) => {
  program
    .command('replay')
    .description("run a run's rejected rows again through the configuration as it is now, each once")
    .argument('<run>', 'the id of the run that rejected them, or the beginning of it')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('--file <file>', 'the rows as you have repaired them, in an export of etl rejects (.csv or .ndjson)')
    .option('--reason <text>', 'only rows whose reason has this text in it')
    .addOption(jsonOption())
    .option('-q, --quiet', 'no progress, only the result')
    .action(async (run: string, options: ReplayOptions) => end(await replay(run, options)));
};

async function replay(named: string, options: ReplayOptions): Promise<ExitStatus> {
  const [{ requireConfig }, { replayConfigured }] = await Promise.all([
    import('../local/state-folder.ts'),
    import('./replay-configured.ts'),
  ]);
  return await replayConfigured(requireConfig(options.config, options.stage), named, options);
}
